"""Spots that an enhancement leaves or makes: dots in tissue, pits in it, blobs where nothing echoes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter, label, maximum_filter

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.metrics.structure import at_median_level
from sonolucent.sim.echogenicity import ANECHOIC_DB

_DIRECTIONS = 8
_REACH_M = (0.7e-3, 1e-3, 1.3e-3)
_DOT_DB, _TRUE_SHARE = 4.0, 0.5
_NEAR_M = 0.5e-3
_BLOB_DB, _SLOW_M = 4.0, 2e-3
_CLEAR_M = 1e-3


def stands_out_db(image_db: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.float64]:
    """By how much every pixel (n_z, n_x) stands out of its surroundings in every direction; bands do not.

    It is the pixel less the largest, over 8 directions, of the mean of both sides at 0.7, 1 and 1.3 mm. Beyond the
    image, its border goes on.

    Raises:
        ValueError: the image does not have the grid's shape.
    """
    _require_shape(image_db, grid)
    most = np.full(grid.shape, -np.inf)
    reach = round(max(_REACH_M) / grid.dz_m), round(max(_REACH_M) / grid.dx_m)
    padded = np.pad(image_db.astype(np.float64), [(n, n) for n in reach], mode="edge")
    for angle in np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS:
        steps = [(round(r * np.sin(angle) / grid.dz_m), round(r * np.cos(angle) / grid.dx_m)) for r in _REACH_M]
        sides = [_moved(padded, reach, sign * row, sign * column) for row, column in steps for sign in (1, -1)]
        most = np.maximum(most, np.mean(sides, axis=0))
    return np.asarray(image_db - most)


def dots(
    image_db: NDArray[np.floating],
    truth_db: NDArray[np.floating],
    grid: ImageGrid,
    *,
    points_m: NDArray[np.float64] | None = None,
) -> int:
    """Bright dots in tissue: maxima that stand out by 4 dB in every direction, and the truth within 0.5 mm by no half.

    A maximum is the largest within 0.5 mm. What the truth shows darker than -50 dB does not count, nor does the image's
    border of 1.3 mm.

    Args:
        image_db: (n_z, n_x).
        truth_db: the echogenicity, of any level.
        grid: of both.
        points_m: (n, 2), x and z of points that are there but have no echogenicity, as wires.

    Raises:
        ValueError: an image does not have the grid's shape.
    """
    shown_db, seen = _shown(image_db, truth_db, grid)
    return _standing_alone(image_db, shown_db, seen & _far_from(points_m, grid), grid)


def pits(image_db: NDArray[np.floating], truth_db: NDArray[np.floating], grid: ImageGrid) -> int:
    """Dark pits in tissue: what `dots` are, of the negative.

    Raises:
        ValueError: an image does not have the grid's shape.
    """
    shown_db, seen = _shown(image_db, truth_db, grid)
    return _standing_alone(-image_db, -shown_db, seen, grid)


def blobs_of_nothing(
    image_db: NDArray[np.floating],
    truth_db: NDArray[np.floating],
    grid: ImageGrid,
    *,
    points_m: NDArray[np.float64] | None = None,
) -> int:
    """Bright blobs in dead zones and fluid: connected pixels, 1 mm clear of any echo, that stand out of what is around.

    They are brighter by 4 dB than the local mean of what is shown where nothing echoes, a Gaussian of 2 mm.

    Args:
        image_db: (n_z, n_x).
        truth_db: the echogenicity; the level of no echo is `sonolucent.sim.ANECHOIC_DB`.
        grid: of both.
        points_m: (n, 2), x and z of points that are there but have no echogenicity, as wires.

    Raises:
        ValueError: an image does not have the grid's shape.
    """
    _require_shape(image_db, grid)
    _require_shape(truth_db, grid)
    clear = np.ones(_pixels(grid, 2 * _CLEAR_M))
    silent = binary_erosion(truth_db <= ANECHOIC_DB, clear, border_value=1) & _far_from(points_m, grid)
    slow = [
        gaussian_filter(values.astype(np.float64), (_SLOW_M / grid.dz_m, _SLOW_M / grid.dx_m))
        for values in (np.where(silent, image_db, 0), silent)
    ]
    deviation = image_db - slow[0] / np.maximum(slow[1], 1e-6)
    return int(label(silent & (deviation > _BLOB_DB), np.ones((3, 3)))[1])


def _shown(
    image_db: NDArray[np.floating], truth_db: NDArray[np.floating], grid: ImageGrid
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """The truth as the image shows it, and where tissue is, clear of the border."""
    _require_shape(image_db, grid)
    shown_db, seen = at_median_level(image_db, truth_db)
    rows, columns = round(max(_REACH_M) / grid.dz_m), round(max(_REACH_M) / grid.dx_m)
    inner = np.zeros(grid.shape, bool)
    inner[rows:-rows, columns:-columns] = True
    return shown_db, seen & inner


def _standing_alone(
    image_db: NDArray[np.floating], truth_db: NDArray[np.floating], where: NDArray[np.bool_], grid: ImageGrid
) -> int:
    near = _pixels(grid, 2 * _NEAR_M)
    untrue = maximum_filter(stands_out_db(truth_db, grid), near) < _TRUE_SHARE * _DOT_DB
    highest = image_db == maximum_filter(image_db, near)
    found = where & highest & untrue & (stands_out_db(image_db, grid) >= _DOT_DB)
    # A maximum that is flat, as one that is clipped, is one.
    return int(label(found, np.ones((3, 3)))[1])


def _far_from(points_m: NDArray[np.float64] | None, grid: ImageGrid) -> NDArray[np.bool_]:
    """Where none of the points (n, 2) is near, (n_z, n_x)."""
    far = np.ones(grid.shape, bool)
    for x_m, z_m in () if points_m is None else points_m:
        far &= np.hypot(grid.z_m[:, None] - z_m, grid.x_m - x_m) > max(_REACH_M)
    return far


def _moved(padded: NDArray[np.float64], reach: tuple[int, int], row: int, column: int) -> NDArray[np.float64]:
    (n_z, n_x), (rows, columns) = padded.shape, reach
    return padded[rows + row : n_z - rows + row, columns + column : n_x - columns + column]


def _pixels(grid: ImageGrid, width_m: float) -> tuple[int, int]:
    """An odd number of rows and columns of about a width."""
    return 2 * round(width_m / grid.dz_m / 2) + 1, 2 * round(width_m / grid.dx_m / 2) + 1


def _require_shape(image_db: NDArray[np.floating], grid: ImageGrid) -> None:
    if image_db.shape != grid.shape:
        raise ValueError(f"the image {image_db.shape} does not have the grid's shape {grid.shape}")
