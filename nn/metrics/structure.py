"""Whether tissue is shown as it is: level, structure and sharpness against the echogenicity of an anatomy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.sim.echogenicity import ANECHOIC_DB

_SEEN_DB = -50.0
"""What is shown darker is black to the eye, and noise."""
_CLEAR_M = 0.3e-3
_FINE_PX, _COARSE_PX = 2.0, 16.0
_NO_STRUCTURE_DB = 1e-9
_BLURS_M = 0.05e-3 * 2.0 ** np.arange(0, 5.26, 0.25)
_EDGE_DB_M = 6e3
"""An edge is where the truth, blurred by 0.15 mm, changes by 6 dB a millimetre and more."""
_EDGE_SCALE_M = 0.15e-3
_RISE = 2.563
"""From 10 to 90 % of a step, in standard deviations of the Gaussian that blurs it."""


class StructureFidelity(NamedTuple):
    """How the structure of an image goes with that of the truth."""

    correlation: float
    slope: float
    """By how much the image rises where the truth rises by one: below 1, contrast is lost."""


def at_median_level(
    image_db: NDArray[np.floating], truth_db: NDArray[np.floating], *, dynamic_range_db: float = 60.0
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """The truth (n_z, n_x) at the level at which the image shows what echoes, and where it is above -50 dB there.

    Raises:
        ValueError: the shapes differ, or nothing echoes.
    """
    if image_db.shape != truth_db.shape:
        raise ValueError(f"the image {image_db.shape} and the truth {truth_db.shape} must have the same shape")
    echoic = truth_db > ANECHOIC_DB
    if not echoic.any():
        raise ValueError("nothing in the truth echoes: there is no level to compare at")
    level_db = np.median((image_db - truth_db)[echoic])
    shown_db = np.where(echoic, (truth_db + level_db).clip(-dynamic_range_db, 0), -dynamic_range_db)
    return shown_db, shown_db > _SEEN_DB


def rms_error_db(image_db: NDArray[np.floating], truth_db: NDArray[np.floating], grid: ImageGrid) -> float:
    """Root mean square difference in dB at the median level, where the truth is above -50 dB there.

    What is within 0.3 mm of anything darker does not count: what leaks into it is the beamformer's.

    Raises:
        ValueError: the shapes differ, or nothing echoes.
    """
    shown_db, seen = at_median_level(image_db, truth_db)
    return float(np.sqrt(np.mean((image_db - shown_db)[_clear(seen, grid)] ** 2)))


def structure_fidelity(
    image_db: NDArray[np.floating], truth_db: NDArray[np.floating], grid: ImageGrid
) -> StructureFidelity:
    """Correlation and slope between image and truth, of what lies between Gaussians of 2 and 16 pixels.

    It is the structure of what `rms_error_db` counts: the Gaussians leave out all else.

    Raises:
        ValueError: the shapes differ, nothing echoes, or the truth has no structure.
    """
    shown_db, seen = at_median_level(image_db, truth_db)
    tissue = _clear(seen, grid)
    image, truth = (_structure(levels, tissue) for levels in (image_db, shown_db))
    if not truth.std() > _NO_STRUCTURE_DB:
        raise ValueError("the truth has no structure between 2 and 16 pixels")
    covariance = float(np.mean((image - image.mean()) * (truth - truth.mean())))
    spread = float(image.std() * truth.std())
    return StructureFidelity(covariance / spread if spread else 0.0, covariance / float(truth.var()))


def edges_rise_m(image_db: NDArray[np.floating], truth_db: NDArray[np.floating], grid: ImageGrid) -> float:
    """Over which length the edges of an anatomy go from 10 to 90 %: those of the blurred truth most like the image.

    The truth is blurred by Gaussians of 0.05 to 1.9 mm; the one that correlates best with the image near the truth's
    edges tells. Levels and contrast do not count.

    Raises:
        ValueError: the shapes differ, nothing echoes, or the truth has no edges.
    """
    shown_db, seen = at_median_level(image_db, truth_db)
    at_edges = _edges(shown_db, grid) & binary_erosion(seen, iterations=2)
    if not at_edges.any():
        raise ValueError("the truth has no edges of 6 dB a millimetre")
    image = image_db[at_edges].astype(np.float64)
    alike = np.array([np.corrcoef(image, _blurred(shown_db, grid, blur)[at_edges])[0, 1] for blur in _BLURS_M])
    return _RISE * _best(np.log(_BLURS_M), alike)


def _best(log_blurs: NDArray[np.float64], alike: NDArray[np.float64]) -> float:
    """Where a parabola through the best and its neighbours is highest."""
    i = int(np.argmax(alike))
    if i in (0, len(alike) - 1):
        return float(np.exp(log_blurs[i]))
    before, at, after = alike[i - 1 : i + 2]
    return float(
        np.exp(log_blurs[i] + (log_blurs[1] - log_blurs[0]) * (before - after) / 2 / (before - 2 * at + after))
    )


def _edges(truth_db: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.bool_]:
    down, across = np.gradient(_blurred(truth_db, grid, _EDGE_SCALE_M), grid.dz_m, grid.dx_m)
    return np.asarray(np.hypot(down, across) > _EDGE_DB_M)


def _blurred(image_db: NDArray[np.floating], grid: ImageGrid, blur_m: float) -> NDArray[np.floating]:
    return np.asarray(gaussian_filter(image_db.astype(np.float64), (blur_m / grid.dz_m, blur_m / grid.dx_m)))


def _clear(seen: NDArray[np.bool_], grid: ImageGrid) -> NDArray[np.bool_]:
    """What is clear of all that is not seen; everything that is seen where nothing is."""
    rows, columns = (2 * round(_CLEAR_M / spacing) + 1 for spacing in (grid.dz_m, grid.dx_m))
    clear = binary_erosion(seen, np.ones((rows, columns)), border_value=1)
    return np.asarray(clear if clear.any() else seen)


def _structure(image_db: NDArray[np.floating], where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Between the two Gaussians, each a mean of what lies within `where`; (n,) there."""
    fine, coarse = (
        gaussian_filter(np.where(where, image_db, 0.0), size)[where] / gaussian_filter(where.astype(float), size)[where]
        for size in (_FINE_PX, _COARSE_PX)
    )
    return np.asarray(fine - coarse)
