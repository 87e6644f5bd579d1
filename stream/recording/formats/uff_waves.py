"""The waves of USTB's UFF (`uff.wave`), as delays of elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, layout
from sonolucent.stream.recording.formats.wave_delays import circular_wave_delays_s, plane_wave_delays_s
from sonolucent.stream.recording.sanity import Claim, number

PLANE, SPHERICAL = 0, 1
"""`uff.wavefront`; the third is photoacoustic, which nothing transmits."""
_WINDOW_NONE, _WINDOW_STA = 0, 7
# Between an element and what is meant as it, in single precision.
_ON_ELEMENT_M = 1e-5


@dataclass(frozen=True)
class UffWave:
    """A wave of one shot.

    Args:
        is_plane: plane, or spherical.
        distance_m, azimuth_rad: of its source from the origin; the azimuth alone is the direction of a plane wave.
        delay_s: what is added to the time of its samples.
        sound_speed_m_s: of the wave.
        has_window: its apodization is another than none, by a rule.
    """

    is_plane: bool
    distance_m: float
    azimuth_rad: float
    delay_s: float
    sound_speed_m_s: float
    has_window: bool

    def fires(self, x_m: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When each element at x, (n_el,), fires, on the clock of the wave, and its weight."""
        everyone = np.ones_like(x_m)
        if self.is_plane:
            return plane_wave_delays_s(x_m, self.azimuth_rad, self.sound_speed_m_s), everyone
        x, z = self.distance_m * np.sin(self.azimuth_rad), self.distance_m * np.cos(self.azimuth_rad)
        if abs(z) < _ON_ELEMENT_M and np.abs(x_m - x).min() < _ON_ELEMENT_M:
            alone = (np.arange(len(x_m)) == np.abs(x_m - x).argmin()).astype(float)
            return alone * self.distance_m / self.sound_speed_m_s, alone
        return circular_wave_delays_s(x_m, (x, z), self.sound_speed_m_s), everyone


def read_wave(group: h5py.Group, sound_speed_m_s: float | None) -> UffWave:
    """A wave of a sequence; `sound_speed_m_s` is the file's, where the wave has none of its own.

    Raises:
        ValueError: it is no plane or spherical wave in the plane of the image, or no speed of sound is known.
    """
    source = group["source"]
    missing = [name for name in ("distance", "azimuth") if not hdf5.holds(source, name)]
    if missing:
        raise ValueError(f"{source.name} has no {' and no '.join(missing)}; a wave without a source has no delays")
    distance_m, azimuth_rad, elevation_rad = (
        _number(source, name, 0.0) for name in ("distance", "azimuth", "elevation")
    )
    kind = int(_number(group, "wavefront", SPHERICAL))
    if kind not in (PLANE, SPHERICAL) or abs(elevation_rad) > 1e-6:
        raise ValueError(
            f"{group.name} is no plane or spherical wave in the plane of the image; only those can be read"
        )
    speed = _number(group, "sound_speed", sound_speed_m_s or 0.0)
    if not speed > 0:
        raise ValueError(f"{group.name}/sound_speed is missing, and the channel data's too; add one of them in m/s")
    apodization = group.get("apodization")
    window = _WINDOW_NONE if apodization is None else int(_number(apodization, "window", _WINDOW_NONE))
    # Before there was `wavefront`, a plane wave had its source at infinity.
    is_plane = kind == PLANE or np.isinf(distance_m)
    delay_s = _number(group, "delay", 0.0)
    return UffWave(is_plane, distance_m, azimuth_rad, delay_s, speed, window not in (_WINDOW_NONE, _WINDOW_STA))


def _number(group: Any, name: str, default: float) -> float:
    if not hdf5.holds(group, name) or not group[name].size:
        return default
    value = layout.read_values(group[name])
    if name == "distance" and np.isinf(value).all():
        return float("inf")
    return number(Claim(f"{group.name}/{name}", value))
