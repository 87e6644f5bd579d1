"""The kernel, four bins wide, by which samples at any depth wavenumber are spread onto a regular grid, and its undoing.

Beatty, Nishimura and Pauly, "Rapid gridding reconstruction with a minimal oversampling ratio", IEEE TMI 24(6), 2005.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

TAPS = 4
"""Bins around a sample that receive a part of it: -1, 0, 1 and 2, counted from the bin that it falls into."""
TABLE_SIZE = 1024
"""Fractions of a bin for which the taps are tabulated."""


def shape_parameter(oversampling: float) -> float:
    """beta of the kernel (eq. 5)."""
    return math.pi * math.sqrt((TAPS / oversampling * (oversampling - 0.5)) ** 2 - 0.8)


def tap_table(beta: float) -> NDArray[np.float32]:
    """Taps (TABLE_SIZE * TAPS,) of a sample at fraction (i + 1/2) / TABLE_SIZE beyond its bin."""
    fraction = (np.arange(TABLE_SIZE) + 0.5) / TABLE_SIZE
    distance = np.arange(TAPS) - 1 - fraction[:, None]
    inside = np.maximum(1 - (2 * distance / TAPS) ** 2, 0)
    return np.asarray(np.i0(beta * np.sqrt(inside)) / np.i0(beta), dtype=np.float32).ravel()


def de_apodization(beta: float, n_rows: int, n_depth: int) -> NDArray[np.float32]:
    """What undoes the kernel's fall-off away from the centre row, n_rows // 2: shape (n_rows,)."""
    position = (np.arange(n_rows) - n_rows // 2) / n_depth
    root = np.emath.sqrt(beta**2 - (np.pi * TAPS * position) ** 2)
    transform = TAPS * np.real(np.sinh(root) / root) / np.i0(beta)
    return np.asarray(1 / transform, dtype=np.float32)
