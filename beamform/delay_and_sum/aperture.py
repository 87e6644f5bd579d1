"""From where to where sound travels: what both kernels of delay-and-sum read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Leg(NamedTuple):
    """One leg, transmit or receive."""

    element_x_m: NDArray[np.float64]
    """(n_elements,)"""
    weight: NDArray[np.float32]
    """Of each element at each pixel, (n_z, n_x, n_elements)."""


class Aperture(NamedTuple):
    """Both legs. Where pairs are folded they are the same."""

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
