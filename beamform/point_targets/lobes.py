"""What surrounds the image of a point target: side lobes and grating lobes.

All levels come from two lateral profiles of an image that holds one target and little noise: the beam profile, each
column's highest envelope, and each column's energy. Both look at all depths, since the lobes of a short pulse bend away
from the depth of their target.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.point_targets.target import PointTarget

AnalyticImage = NDArray[np.complexfloating[Any, Any]]
_FINER = 8
"""Points per pixel of the interpolated profiles."""


@dataclass(frozen=True)
class SideLobes:
    """The lateral side lobes of a point target."""

    main_lobe_m: tuple[float, float]
    """From where to where, along x, the main lobe extends: the first nulls on either side of the peak."""
    peak_db: float
    """Peak side-lobe level: the highest envelope beyond the main lobe over the target's peak."""
    integrated_db: float
    """Integrated side-lobe level: the energy beyond the main lobe over the energy within it."""


def measure_side_lobes(image: AnalyticImage, grid: ImageGrid, target: PointTarget) -> SideLobes:
    """Peak and integrated side-lobe levels, dB, of the only target in `image` (n_z, n_x).

    The main lobe ends at the beam profile's first minima below half the peak: its nulls, where it has any. Both ratios
    are those of Cumming and Wong, Digital Processing of Synthetic Aperture Radar Data (2005), section 2.3, with columns
    of the image for the samples of a pulse.

    Raises:
        ValueError: the image ends before the main lobe does.
    """
    x_m, beam = _beam_profile(image, grid)
    start, stop = _main_lobe(x_m, beam, target)
    energy = np.sum(np.abs(image).astype(np.float64) ** 2, axis=0)
    within = (grid.x_m >= x_m[start]) & (grid.x_m <= x_m[stop])
    beyond = np.concatenate([beam[:start], beam[stop + 1 :]])
    return SideLobes(
        main_lobe_m=(float(x_m[start]), float(x_m[stop])),
        peak_db=_db(float(beyond.max()) / target.peak),
        integrated_db=_db(math.sqrt(energy[~within].sum() / energy[within].sum())),
    )


def first_grating_lobe_m(acquisition: Acquisition, depth_m: float) -> float:
    """Lateral distance between a target at `depth_m` and its first grating lobe at the centre frequency.

    That lobe leaves the array at sin(theta) = wavelength / pitch (Szabo, Diagnostic Ultrasound Imaging, 2nd ed. 2014,
    section 7.4).

    Raises:
        ValueError: the pitch does not exceed the wavelength, so that there is no such lobe.
    """
    sine = acquisition.wavelength_m / acquisition.probe.pitch_m
    if sine >= 1:
        raise ValueError(f"a pitch of {1 / sine:.2f} wavelengths has no grating lobe around the array's axis")
    return depth_m * math.tan(math.asin(sine))


def grating_level_db(image: AnalyticImage, grid: ImageGrid, target: PointTarget, acquisition: Acquisition) -> float:
    """The highest envelope further than half way to the first grating lobe over the target's peak, dB.

    Half way, because a short pulse smears the lobe from the distance of its highest frequency to that of its lowest.

    Raises:
        ValueError: the array has no grating lobes, or they lie outside the image.
    """
    lobe_m = first_grating_lobe_m(acquisition, target.z_m)
    x_m, beam = _beam_profile(image, grid)
    if max(target.x_m - x_m[0], x_m[-1] - target.x_m) < lobe_m:
        raise ValueError(f"the grating lobes, {lobe_m * 1e3:.1f} mm beside the target, lie outside the image")
    return _db(float(beam[np.abs(x_m - target.x_m) > lobe_m / 2].max()) / target.peak)


def _beam_profile(image: AnalyticImage, grid: ImageGrid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Finely sampled x, and the highest envelope there."""
    from scipy.ndimage import zoom  # late: 25 ms that every start of a live stream would pay

    envelope = np.abs(image).astype(np.float64)
    columns = zoom(envelope, (_FINER, 1), order=3).max(axis=0)
    beam = zoom(columns, ((grid.n_x - 1) * _FINER + 1) / grid.n_x, order=3)
    return np.linspace(grid.x_m[0], grid.x_m[-1], beam.size), np.maximum(beam, 0)


def _main_lobe(x_m: NDArray[np.float64], beam: NDArray[np.float64], target: PointTarget) -> tuple[int, int]:
    """Indices of the first minima below half the peak on either side of the target."""
    peak = int(np.argmin(np.abs(x_m - target.x_m)))
    inner = (beam[1:-1] <= beam[:-2]) & (beam[1:-1] <= beam[2:]) & (beam[1:-1] < target.peak / 2)
    minima = 1 + np.flatnonzero(inner)
    left, right = minima[minima < peak], minima[minima > peak]
    if not (left.size and right.size):
        raise ValueError("the image ends before the target's main lobe does; use a wider grid")
    return int(left[-1]), int(right[0])


def _db(ratio: float) -> float:
    return 20 * math.log10(max(ratio, 1e-30))
