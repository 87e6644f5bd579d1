"""What becomes of point targets in a log-compressed image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.point_targets.target import measure_point

_NEAR_M = 0.6e-3
_BACKGROUND_M = (1.5e-3, 3e-3)


def wire_width_m(image_db: NDArray[np.floating], grid: ImageGrid, at_m: tuple[float, float]) -> float:
    """Lateral -6 dB width (FWHM of the amplitude) of the point target near `at_m` (x, z).

    A point at the top of the dynamic range is clipped and looks wider: keep it below 0 dB.

    Raises:
        ValueError: the point lies outside the image (n_z, n_x), or is wider than it.
    """
    amplitude = 10 ** (image_db.astype(np.float64) / 20)
    return measure_point(amplitude.astype(np.complex128), grid, at_m, (_NEAR_M, _NEAR_M)).lateral_width_m


def point_peak_db(image_db: NDArray[np.floating], grid: ImageGrid, at_m: tuple[float, float]) -> float:
    """Height of the brightest pixel within 0.6 mm of `at_m` (x, z) over the mean level 1.5 to 3 mm away, in dB.

    Raises:
        ValueError: the point lies outside the image (n_z, n_x).
    """
    distance = np.hypot(grid.z_m[:, None] - at_m[1], grid.x_m - at_m[0])
    near = image_db[distance <= _NEAR_M]
    if not near.size:
        raise ValueError(f"no pixel lies within {_NEAR_M} m of {at_m} m; the image covers another region")
    background = image_db[(distance >= _BACKGROUND_M[0]) & (distance <= _BACKGROUND_M[1])]
    return float(near.max() - background.mean())
