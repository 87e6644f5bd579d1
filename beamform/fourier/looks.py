"""Looks: images of parts of the image's own spectrum.

The sign of k_x says whether a wave was steered to the left or the right, k_z rises with frequency. Images of disjoint
parts show the same tissue with nearly independent speckle: their mean is a compound, and each can teach a network about
the others. Complementary looks add up to the whole image.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition

Interval = tuple[float, float]
_EVERYTHING: Interval = (-math.inf, math.inf)
STEERING_RAMP_RAD_M = 1500.0
DEPTH_RAMP_RAD_M = 4000.0


@dataclass(frozen=True)
class Look:
    """A rectangle of the image's spectrum; its edges are sine ramps, half as wide to either side.

    Args:
        k_x_rad_m: lowest and highest lateral wavenumber.
        k_z_rad_m: lowest and highest depth wavenumber; the carrier lies at twice the wavenumber k = omega / c.

    Raises:
        ValueError: an interval is empty.
    """

    k_x_rad_m: Interval = _EVERYTHING
    k_z_rad_m: Interval = _EVERYTHING

    def __post_init__(self) -> None:
        for name in ("k_x_rad_m", "k_z_rad_m"):
            low, high = getattr(self, name)
            if not low < high:
                raise ValueError(f"{name} must rise from its lowest to its highest wavenumber, not {low:g}..{high:g}")


def steering_looks(edges_rad_m: Sequence[float] = (0.0,)) -> list[Look]:
    """The spectrum cut at lateral wavenumbers: left and right at 0, the default.

    Raises:
        ValueError: a wavenumber is given twice.
    """
    return [Look(k_x_rad_m=interval) for interval in _intervals(edges_rad_m)]


def frequency_looks(edges_rad_m: Sequence[float]) -> list[Look]:
    """The spectrum cut at depth wavenumbers, into bands of frequency, the lowest first.

    Raises:
        ValueError: a wavenumber is given twice.
    """
    return [Look(k_z_rad_m=interval) for interval in _intervals(edges_rad_m)]


def quadrant_looks(acquisition: Acquisition, split_rad_m: float | None = None) -> list[Look]:
    """Left and right, each below and above `split_rad_m`, by default the carrier's depth wavenumber."""
    carrier = 4 * math.pi / acquisition.wavelength_m if split_rad_m is None else split_rad_m
    return [Look(k_x, k_z) for k_x in _intervals([0.0]) for k_z in _intervals([carrier])]


def equalize(looks: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Gains (n_looks,) that give all looks (n_looks, n_z, n_x) the same rms, blind: from the looks alone.

    Raises:
        ValueError: a look is empty.
    """
    rms = np.sqrt(np.mean(np.abs(looks).astype(np.float64) ** 2, axis=(1, 2)))
    if not (rms > 0).all():
        raise ValueError(f"look {int(np.argmin(rms))} is empty: its part of the spectrum holds no signal")
    return np.asarray(np.sqrt(np.mean(rms**2)) / rms, dtype=np.float64)


class LookMasks:
    """The weights of some looks on the image's lateral wavenumbers and depth bins.

    Looks that share their interval in depth share that mask, and so the transforms to depth.
    """

    def __init__(self, looks: Sequence[Look], k_x_rad_m: NDArray[np.float64], k_z_rad_m: NDArray[np.float64]) -> None:
        if not looks:
            raise ValueError("no looks were asked for")
        intervals = list(dict.fromkeys(look.k_z_rad_m for look in looks))
        self.depth = np.stack([_mask(k_z_rad_m, interval, DEPTH_RAMP_RAD_M) for interval in intervals])
        """(n_masks, n_depth)"""
        self.depth_of = [intervals.index(look.k_z_rad_m) for look in looks]
        """The row of `depth` that each look has."""
        self.lateral = np.stack([_mask(k_x_rad_m, look.k_x_rad_m, STEERING_RAMP_RAD_M) for look in looks])
        """(n_looks, n_waves)"""


def _intervals(edges: Sequence[float]) -> list[Interval]:
    return list(itertools.pairwise([-math.inf, *sorted(edges), math.inf]))


def _mask(k_rad_m: NDArray[np.float64], interval: Interval, ramp_rad_m: float) -> NDArray[np.float32]:
    low, high = interval
    return np.asarray(_rise((k_rad_m - low) / ramp_rad_m) - _rise((k_rad_m - high) / ramp_rad_m), dtype=np.float32)


def _rise(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 to 1 over -1..1, as a sine."""
    return np.asarray(0.5 + 0.5 * np.sin(0.5 * np.pi * np.clip(x, -1, 1)), dtype=np.float64)
