"""Quality of point targets in an analytic image: where they lie, how wide they are and what surrounds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolucent.beamform.image_grid import ImageGrid

_STEPS = 20
"""Points per pixel of the interpolated profiles."""


@dataclass(frozen=True)
class PointTarget:
    """A point target as imaged; lengths in metres."""

    x_m: float
    z_m: float
    peak: float
    """Envelope at the peak."""
    lateral_width_m: float
    """-6 dB width along x through the peak."""
    axial_width_m: float
    """-6 dB width along z through the peak."""

    def position_error_m(self, at_m: tuple[float, float]) -> tuple[float, float]:
        """How far (x, z) the target is seen from where it is, `at_m` (x, z)."""
        return self.x_m - at_m[0], self.z_m - at_m[1]


def measure_point(
    image: NDArray[np.complexfloating[Any, Any]],
    grid: ImageGrid,
    near_m: tuple[float, float],
    search_m: tuple[float, float] = (1e-3, 1e-3),
) -> PointTarget:
    """The brightest point within `search_m` (x, z) of `near_m` (x, z), by interpolating the envelope.

    Args:
        image: analytic image (n_z, n_x).
        grid: its pixels.
        near_m: where the target is expected.
        search_m: half-widths of the region searched.

    Raises:
        TypeError: `image` is not complex: an envelope, or an image in dB, whose widths would mean something else.
        ValueError: the region lies outside the image, or the target is wider than the image.
    """
    if not np.iscomplexobj(image):
        raise TypeError(f"image is {image.dtype}; a point is measured in the analytic image of a beamformer, complex64")
    envelope = np.abs(image).astype(np.float64)
    row, column = _brightest_pixel(envelope, grid, near_m, search_m)
    for _ in range(3):
        column = _refine(envelope, row, column, lateral=True)
        row = _refine(envelope, row, column, lateral=False)
    return PointTarget(
        x_m=grid.x0_m + column * grid.dx_m,
        z_m=grid.z0_m + row * grid.dz_m,
        peak=float(_interpolated(envelope, [[row], [column]])[0]),
        lateral_width_m=_width(envelope, row, column, lateral=True) * grid.dx_m,
        axial_width_m=_width(envelope, row, column, lateral=False) * grid.dz_m,
    )


def _brightest_pixel(
    envelope: NDArray[np.float64], grid: ImageGrid, near_m: tuple[float, float], search_m: tuple[float, float]
) -> tuple[float, float]:
    columns = np.flatnonzero(np.abs(grid.x_m - near_m[0]) <= search_m[0])
    rows = np.flatnonzero(np.abs(grid.z_m - near_m[1]) <= search_m[1])
    if not (columns.size and rows.size):
        raise ValueError(f"no pixel lies within {search_m} m of {near_m} m; the image covers another region")
    region = envelope[np.ix_(rows, columns)]
    row, column = np.unravel_index(np.argmax(region), region.shape)
    return float(rows[row]), float(columns[column])


def _profile(
    envelope: NDArray[np.float64], row: float, column: float, offsets: NDArray[np.float64], lateral: bool
) -> NDArray[np.float64]:
    rows = np.full_like(offsets, row) if lateral else row + offsets
    columns = column + offsets if lateral else np.full_like(offsets, column)
    return _interpolated(envelope, [rows, columns], mode="nearest")


def _interpolated(envelope: NDArray[np.float64], places: ArrayLike, mode: str = "constant") -> NDArray[np.float64]:
    """The envelope at places between pixels, by cubic splines."""
    from scipy.ndimage import map_coordinates  # late: 25 ms that every start of a live stream would pay

    return np.asarray(map_coordinates(envelope, places, order=3, mode=mode), dtype=np.float64)


def _refine(envelope: NDArray[np.float64], row: float, column: float, lateral: bool) -> float:
    offsets = np.linspace(-1, 1, 2 * 8 * _STEPS + 1)
    best = float(offsets[np.argmax(_profile(envelope, row, column, offsets, lateral))])
    return (column if lateral else row) + best


def _width(envelope: NDArray[np.float64], row: float, column: float, lateral: bool) -> float:
    """Pixels between the first crossings of half the peak on either side."""
    reach = envelope.shape[1 if lateral else 0]
    offsets = np.arange(reach * _STEPS) / _STEPS
    peak = _profile(envelope, row, column, np.zeros(1), lateral)[0]
    sides = []
    for sign in (-1, 1):
        below = np.flatnonzero(_profile(envelope, row, column, sign * offsets, lateral) < peak / 2)
        if not below.size:
            raise ValueError("the target is wider than the image: no -6 dB width")
        sides.append(offsets[below[0]])
    return float(sum(sides))
