"""When waves that a format describes by a direction or a source pass the array's elements.

The clock of a wave starts when it passes the origin of coordinates. `find_waves` of beamform goes the other way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def plane_wave_delays_s(x_m: NDArray[np.float64], angle_rad: float, sound_speed_m_s: float) -> NDArray[np.float64]:
    """When a plane wave passes each of the positions at z = 0, (n,); 0 is straight ahead, positive towards +x."""
    return np.asarray(x_m * np.sin(angle_rad) / sound_speed_m_s, dtype=np.float64)


def circular_wave_delays_s(
    x_m: NDArray[np.float64], source_m: tuple[float, float], sound_speed_m_s: float
) -> NDArray[np.float64]:
    """When a wave out of a source (x, z), z < 0, or into a focus, z > 0, passes positions at z = 0, (n,)."""
    source_x_m, source_z_m = source_m
    farther_m = np.hypot(x_m - source_x_m, source_z_m) - np.hypot(source_x_m, source_z_m)
    return np.asarray(np.sign(-source_z_m) * farther_m / sound_speed_m_s, dtype=np.float64)
