"""Image quality: how well regions can be told apart, and what an enhancement does to edges, points and flat tissue.

`rms_error_db`, `structure_fidelity`, `edges_rise_m`, `dots`, `pits` and `blobs_of_nothing` judge images of whole
anatomies.

Contrast-to-noise ratios alone reward blur and stretched contrast; read them beside `contrast_error_db`, `edge_rise_m`,
`wire_width_m`, `point_peak_db` and `false_structures`.
"""

from sonolucent.nn.metrics.edges import edge_rise_m, radial_profile
from sonolucent.nn.metrics.flat import false_structures, homogeneity
from sonolucent.nn.metrics.flicker import flicker_db
from sonolucent.nn.metrics.points import point_peak_db, wire_width_m
from sonolucent.nn.metrics.regions import (
    RAYLEIGH_SPECKLE_SNR,
    cnr,
    cnr_as_printed,
    contrast_db,
    contrast_error_db,
    enl,
    gcnr,
    speckle_snr,
)
from sonolucent.nn.metrics.spots import blobs_of_nothing, dots, pits, stands_out_db
from sonolucent.nn.metrics.structure import (
    StructureFidelity,
    at_median_level,
    edges_rise_m,
    rms_error_db,
    structure_fidelity,
)
from sonolucent.nn.metrics.truth import at_level_of, error_db, psnr_db, ssim

__all__ = [
    "RAYLEIGH_SPECKLE_SNR",
    "StructureFidelity",
    "at_level_of",
    "at_median_level",
    "blobs_of_nothing",
    "cnr",
    "cnr_as_printed",
    "contrast_db",
    "contrast_error_db",
    "dots",
    "edge_rise_m",
    "edges_rise_m",
    "enl",
    "error_db",
    "false_structures",
    "flicker_db",
    "gcnr",
    "homogeneity",
    "pits",
    "point_peak_db",
    "psnr_db",
    "radial_profile",
    "rms_error_db",
    "speckle_snr",
    "ssim",
    "stands_out_db",
    "structure_fidelity",
    "wire_width_m",
]
