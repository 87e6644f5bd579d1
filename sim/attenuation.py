"""Attenuation proportional to frequency, in layers: pulses lose strength with depth, and high frequencies first."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# 1 dB/cm/MHz in nepers per metre and hertz.
_NEPER_M_HZ = math.log(10) / 20 * 100 / 1e6

AttenuationLayers = float | Sequence[tuple[float, float]]
"""dB/cm/MHz: of the whole medium, or of layers (depth in m at which the layer begins, its attenuation), from 0 down."""


class Attenuation:
    """A medium in horizontal layers, each of an attenuation proportional to frequency.

    Raises:
        ValueError: a value is negative or not finite, or the layers do not begin at 0 and go down.
    """

    def __init__(self, db_cm_mhz: AttenuationLayers) -> None:
        layers = [(0.0, float(db_cm_mhz))] if isinstance(db_cm_mhz, (int, float)) else list(db_cm_mhz)
        table = np.array(layers, np.float64).reshape(-1, 2)
        if not (table.size and table[0, 0] == 0 and (np.diff(table[:, 0]) > 0).all()):
            raise ValueError(f"attenuation layers must begin at depth 0 and go down, not at {table[:, 0].tolist()} m")
        if not (np.isfinite(table).all() and (table[:, 1] >= 0).all()):
            raise ValueError(f"attenuation must be 0 or positive dB/cm/MHz, not {table[:, 1].tolist()}")
        self._begins_m = table[:, 0]
        self._ends_m = np.append(table[1:, 0], np.inf)
        self._neper_m_hz = table[:, 1] * _NEPER_M_HZ

    def neper_hz(self, depth_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Nepers per hertz of the way straight down from the array to each depth."""
        total = np.zeros_like(depth_m)
        for begin, end, neper_m_hz in zip(self._begins_m, self._ends_m, self._neper_m_hz, strict=True):
            total += neper_m_hz * (depth_m.clip(begin, end) - begin)
        return total

    def mean_neper_m_hz(self, depth_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same per metre of way: a straight ray down to a depth passes all layers in the same proportion."""
        return self.neper_hz(depth_m) / depth_m
