"""Points 20 mm apart, in pixels that are not square, and the lengths between them as another program measures them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, ImageGrid

PIXELS = ImageGrid(x0_m=-12e-3, z0_m=2e-3, dx_m=0.2e-3, dz_m=0.08e-3, n_z=351, n_x=121)
"""Not square: 0.2 x 0.08 mm."""
POINTS_M = [(-10e-3, 16e-3), (10e-3, 16e-3), (0.0, 6e-3), (0.0, 26e-3)]
"""20 mm apart, side by side and one below the other."""
TIMES_S = np.array([0.0, 0.05, 0.08, 0.2, 0.24, 0.5])
REFERENCE = Acquisition()


def brightest(grey: NDArray[Any], region: tuple[slice, slice]) -> tuple[float, float]:
    """Row and column of the brightest spot within a region: the centre of what is above half its height."""
    inside = np.zeros_like(grey, float)
    inside[region] = grey[region]
    rows, columns = np.nonzero(inside > 0.9 * inside.max())
    return float(rows.mean()), float(columns.mean())


def lengths_mm(grey: NDArray[Any], dx_mm: float, dz_mm: float) -> tuple[float, float]:
    """How far the points lie apart, sideways and downwards, as a program measures that counts pixels."""
    rows, columns = grey.shape
    left, right = (slice(None), slice(0, columns // 3)), (slice(None), slice(-(columns // 3), None))
    middle = slice(2 * columns // 5, 3 * columns // 5)
    top, bottom = (slice(rows // 20, rows // 2), middle), (slice(rows // 2, None), middle)
    sideways = brightest(grey, right)[1] - brightest(grey, left)[1]
    downwards = brightest(grey, bottom)[0] - brightest(grey, top)[0]
    return sideways * dx_mm, downwards * dz_mm


def wrote(ended: Any, path: Path) -> Path:
    assert ended.status == 0, ended.errors
    assert path.exists()
    return path
