"""How sharp the edge of a round cyst is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from sonolucent.beamform.image_grid import ImageGrid

_DIRECTIONS = 360
# The levels of either side are taken this far from the edge, where the resolution no longer blurs it.
_PLATEAU_M = 0.8e-3


def radial_profile(
    image_db: NDArray[np.floating], grid: ImageGrid, center_m: tuple[float, float], radii_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean of a dB image (n_z, n_x) over circles about `center_m` (x, z), one of each radius.

    Raises:
        ValueError: a circle leaves the image.
    """
    angle = np.arange(_DIRECTIONS) * (2 * np.pi / _DIRECTIONS)
    row = (center_m[1] + radii_m[:, None] * np.sin(angle) - grid.z0_m) / grid.dz_m
    column = (center_m[0] + radii_m[:, None] * np.cos(angle) - grid.x0_m) / grid.dx_m
    if min(row.min(), column.min()) < 0 or row.max() > grid.n_z - 1 or column.max() > grid.n_x - 1:
        raise ValueError(f"a circle of {radii_m.max():g} m about {center_m} m leaves the image; measure another cyst")
    return np.asarray(map_coordinates(image_db, [row, column], order=3, output=np.float64).mean(axis=1))


def edge_rise_m(offsets_m: NDArray[np.float64], profile_db: NDArray[np.float64]) -> float:
    """Length over which a profile across an edge goes from 10 to 90 % of its step.

    The levels on both sides are the means beyond 0.8 mm. Average the profiles of several cysts first
    (`radial_profile` at their radius + `offsets_m`): one cyst's speckle hides the ends of the rise.

    Args:
        offsets_m: distance from the edge, rising and evenly spaced, negative inside; beyond 0.8 mm on both sides.
        profile_db: the mean level there, same shape.

    Raises:
        ValueError: the offsets do not reach far enough, or the profile has no step.
    """
    inside, outside = profile_db[offsets_m <= -_PLATEAU_M], profile_db[offsets_m >= _PLATEAU_M]
    if not (inside.size and outside.size):
        raise ValueError(f"offsets_m must reach beyond {_PLATEAU_M} m on both sides of the edge")
    low, high = inside.mean(), outside.mean()
    if low == high:
        raise ValueError("both sides of the edge have the same level: there is no rise to measure")
    step = (profile_db - low) / (high - low)
    middle = int(np.argmin(np.abs(step - 0.5)))
    return _crossing(offsets_m, step, middle, 0.9) - _crossing(offsets_m, step, middle, 0.1)


def _crossing(offsets_m: NDArray[np.float64], step: NDArray[np.float64], middle: int, level: float) -> float:
    """Where the step first passes `level`, seen from the middle of the edge."""
    outward = 1 if level > 0.5 else -1
    beyond = np.flatnonzero((step[middle::outward] - level) * outward >= 0)
    if not beyond.size:
        raise ValueError(f"the profile does not reach {level:.0%} of its step: it has no plateau on one side")
    i = middle + outward * int(beyond[0])
    if i == middle:
        return float(offsets_m[middle])
    before = i - outward
    fraction = (level - step[before]) / (step[i] - step[before])
    return float(offsets_m[before] + fraction * (offsets_m[i] - offsets_m[before]))
