"""From where to where sound travels: what both kernels of delay-and-sum read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_waves import TransmitWave


class Leg(NamedTuple):
    """One leg, transmit or receive."""

    element_x_m: NDArray[np.float64]
    """(n_elements,)"""
    weight: NDArray[np.float32]
    """Of each element at each pixel, (n_z, n_x, n_elements); of waves, with their polarity: (n_z, n_x, n_shots)."""
    way_m: NDArray[np.float64]
    """Of waves, how far sound comes from t = 0 to each pixel, (n_z, n_x, n_shots); empty where elements transmit."""


class Aperture(NamedTuple):
    """Both legs. Where pairs are folded they are the same. Only the transmit leg may be one of waves."""

    transmit: Leg
    receive: Leg


class Pixels(NamedTuple):
    """Where pixels lie, and which samples their echoes are."""

    x_m: NDArray[np.float64]
    """(n_x,)"""
    z_m: NDArray[np.float64]
    """(n_z,)"""
    samples_per_m: float
    """Of the way travelled."""
    first_sample: float
    """Time of the first sample, in samples."""


NO_WAYS = np.empty((0, 0, 0))
"""The `way_m` of a leg of elements."""


def leg_of_waves(waves: Sequence[TransmitWave], grid: ImageGrid, sound_speed_m_s: float) -> Leg:
    """The transmit leg of a sequence, each shot of which sends one wave."""
    x_m, z_m = grid.x_m, grid.z_m[:, None]
    shape = *grid.shape, len(waves)
    leg = Leg(np.empty(0), np.empty(shape, np.float32), np.empty(shape))
    for shot, wave in enumerate(waves):
        leg.weight[..., shot] = wave.polarity * wave.lit(x_m, z_m)
        leg.way_m[..., shot] = wave.way_m(x_m, z_m, sound_speed_m_s)
    return leg
