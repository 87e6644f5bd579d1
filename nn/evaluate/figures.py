"""The figures of one enhanced image against the phantom that it shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import ImageGrid
from sonolucent.nn import metrics
from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB, Scene
from sonolucent.nn.images import BMode
from sonolucent.sim.echogenicity import Inclusion

# Pixels nearer to a cyst's edge belong to neither side: the resolution blurs them.
_MARGIN_M, _RING_M = 0.6e-3, 2.2e-3
_ANECHOIC_DB = -40.0
_LOW_CONTRAST_DB = 6.0
EDGE_OFFSETS_M = np.arange(-1.4e-3, 1.4e-3, 0.02e-3)
# What the phantom of cysts has to show, with the rings around them: half the width, and the depths.
_HALF_WIDTH_M, _FROM_M, _TO_M = 16.4e-3, 3.6e-3, 36.4e-3


def require_cysts(grid: ImageGrid) -> None:
    """Refuses images that do not hold all cysts of the `cysts` phantom.

    Raises:
        ValueError: they are too small.
    """
    x_m, z_m = grid.x_m, grid.z_m
    if x_m[0] > -_HALF_WIDTH_M or x_m[-1] < _HALF_WIDTH_M or z_m[0] > _FROM_M or z_m[-1] < _TO_M:
        raise ValueError(
            f"images of {1e3 * x_m[0]:.1f}..{1e3 * x_m[-1]:.1f} x {1e3 * z_m[0]:.1f}..{1e3 * z_m[-1]:.1f} mm are too "
            f"small for the phantoms of cysts, which lie within {1e3 * _HALF_WIDTH_M:.1f} mm of the middle and from "
            f"{1e3 * _FROM_M:.1f} to {1e3 * _TO_M:.1f} mm of depth"
        )


def cyst_figures(image_db: BMode, scene: Scene) -> dict[str, float]:
    """Contrast, speckle, points and error to the truth of an image (n_z, n_x) of the `cysts` phantom."""
    grid, cysts = scene.true_grid, scene.phantom.inclusions
    regions = [_regions(image_db, grid, cyst) for cyst in cysts]
    around = [outside for _, outside in regions]
    gcnr = np.array([metrics.gcnr(*pair, value_range=(-DYNAMIC_RANGE_DB, 0)) for pair in regions])
    low = np.array([abs(cyst.contrast_db) <= _LOW_CONTRAST_DB for cyst in cysts])
    return {
        "cnr": _mean(metrics.cnr(*pair) for pair in regions),
        "cnr_as_printed": _mean(metrics.cnr_as_printed(*pair) for pair in regions),
        "gcnr": float(gcnr.mean()),
        "gcnr_low_contrast": float(gcnr[low].mean()),
        "speckle_snr": _mean(metrics.speckle_snr(10 ** (outside / 20)) for outside in around),
        "speckle_std_db": _mean(outside.std() for outside in around),
        **contrast_errors(regions, cysts),
        **_wire_widths(image_db, scene),
        "wire_peak_db": _mean(metrics.point_peak_db(image_db, grid, _at(wire)) for wire in scene.phantom.wires_m),
        "homogeneity": metrics.homogeneity(image_db, dynamic_range_db=DYNAMIC_RANGE_DB),
        **truth_figures(image_db, scene),
    }


def truth_figures(image_db: BMode, scene: Scene) -> dict[str, float]:
    """Error, SSIM and PSNR of an image of any phantom with known echogenicity."""
    truth_db = metrics.at_level_of(image_db, scene.phantom.echogenicity_db(scene.true_grid))
    return {
        "error_db": metrics.error_db(image_db, truth_db),
        "ssim": metrics.ssim(image_db, truth_db),
        "psnr_db": metrics.psnr_db(image_db, truth_db),
    }


def anatomy_figures(image_db: BMode, scene: Scene) -> dict[str, float]:
    """How faithful an image of a phantom with structure everywhere is, and which spots in it are not there."""
    grid, phantom = scene.true_grid, scene.phantom
    truth_db = phantom.echogenicity_db(grid)
    return {
        "anatomy_error_db": metrics.rms_error_db(image_db, truth_db, grid),
        "anatomy_ssim": truth_figures(image_db, scene)["ssim"],
        "anatomy_homogeneity": metrics.homogeneity(image_db, dynamic_range_db=DYNAMIC_RANGE_DB),
        **_structure(image_db, truth_db, grid),
        "dots": float(metrics.dots(image_db, truth_db, grid, points_m=phantom.wires_m)),
        "pits": float(metrics.pits(image_db, truth_db, grid)),
        "dead_zone_blobs": float(metrics.blobs_of_nothing(image_db, truth_db, grid, points_m=phantom.wires_m)),
    }


def _structure(image_db: BMode, truth_db: NDArray[np.float64], grid: ImageGrid) -> dict[str, float]:
    """Structure and edges, where the truth has any."""
    figures = {}
    try:
        structure = metrics.structure_fidelity(image_db, truth_db, grid)
        figures = {"structure_correlation": structure.correlation, "structure_slope": structure.slope}
        return figures | {"anatomy_edge_mm": 1e3 * metrics.edges_rise_m(image_db, truth_db, grid)}
    except ValueError:  # an even picture, or one without edges
        return figures


def contrast_errors(regions: list[tuple[BMode, BMode]], cysts: tuple[Inclusion, ...]) -> dict[str, float]:
    """Shown less nominal contrast, by nominal contrast; anechoic cysts have none to be faithful to."""
    return {
        f"contrast_error_at_{cyst.contrast_db:+g}_db": metrics.contrast_error_db(*pair, cyst.contrast_db)
        for pair, cyst in zip(regions, cysts, strict=True)
        if cyst.contrast_db > _ANECHOIC_DB
    }


def _wire_widths(image_db: BMode, scene: Scene) -> dict[str, float]:
    """The mean width of the wires that have one, and how many the image has dissolved into their surroundings."""
    widths_m = []
    for wire in scene.phantom.wires_m:
        try:
            widths_m.append(metrics.wire_width_m(image_db, scene.true_grid, _at(wire)))
        except ValueError:  # nowhere half as bright as the wire
            continue
    lost = {"wires_lost": float(len(scene.phantom.wires_m) - len(widths_m))}
    return {"wire_width_mm": 1e3 * _mean(widths_m), **lost} if widths_m else lost


def edge_profile(image_db: BMode, scene: Scene) -> NDArray[np.float64]:
    """The mean radial profile of the anechoic cysts, at `EDGE_OFFSETS_M` from their edge."""
    anechoic = [cyst for cyst in scene.phantom.inclusions if cyst.contrast_db <= _ANECHOIC_DB]
    profiles = [
        metrics.radial_profile(image_db, scene.true_grid, (cyst.x_m, cyst.z_m), cyst.radius_x_m + EDGE_OFFSETS_M)
        for cyst in anechoic
    ]
    return np.asarray(np.mean(profiles, axis=0))


def _regions(image_db: BMode, grid: ImageGrid, cyst: Inclusion) -> tuple[BMode, BMode]:
    """Pixels inside a round cyst and around it."""
    distance = np.hypot(grid.z_m[:, None] - cyst.z_m, grid.x_m - cyst.x_m) - cyst.radius_x_m
    return image_db[distance < -_MARGIN_M], image_db[(distance > _MARGIN_M) & (distance < _RING_M)]


def _at(position_m: NDArray[np.float64]) -> tuple[float, float]:
    return float(position_m[0]), float(position_m[1])


def _mean(values: object) -> float:
    return float(np.mean(list(values)))  # type: ignore[call-overload]
