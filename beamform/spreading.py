"""Spreading of samples at arbitrary depth wavenumbers onto a regular grid, by a Kaiser-Bessel kernel four bins wide.

A sample adds its value times four taps to the four bins around it. So that neighbouring samples do not wait for each
other's bins, each bin owns a cell with one place for each tap; `gather_cells` adds the places up once a row.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

TAPS = 4
_TABLE_SIZE = 1024


def shape_parameter(oversampling: float) -> float:
    """beta of the kernel (Beatty, Nishimura and Pauly 2005, eq. 5)."""
    return math.pi * math.sqrt((TAPS / oversampling * (oversampling - 0.5)) ** 2 - 0.8)


def tap_table(beta: float) -> NDArray[np.float32]:
    """Taps (1024, 4) of a sample at fraction (i + 1/2) / 1024 beyond its bin: weights of bins -1, 0, 1 and 2."""
    fraction = (np.arange(_TABLE_SIZE) + 0.5) / _TABLE_SIZE
    distance = np.arange(TAPS) - 1 - fraction[:, None]
    inside = np.maximum(1 - (2 * distance / TAPS) ** 2, 0)
    return np.asarray(np.i0(beta * np.sqrt(inside)) / np.i0(beta), dtype=np.float32)


def de_apodization(beta: float, n_rows: int, n_depth: int) -> NDArray[np.float32]:
    """What undoes the kernel's fall-off away from the centre row, n_rows // 2: shape (n_rows,)."""
    position = (np.arange(n_rows) - n_rows // 2) / n_depth
    root = np.emath.sqrt(beta**2 - (np.pi * TAPS * position) ** 2)
    transform = TAPS * np.real(np.sinh(root) / root) / np.i0(beta)
    return np.asarray(1 / transform, dtype=np.float32)


@numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz"}, boundscheck=False)
def spread_wave(  # type: ignore[no-untyped-def]
    wave, depth_bin, weight, first_bin, plus, minus, n_lateral, origin, table, cells
):
    """Spreads all pairs of legs that make the image wavenumbers +wave and -wave, which share depths and weights.

    `plus` and `minus` (n_angles, n_bins) hold, for the residues of +wave and -wave, the spectra of the leg pairs
    (k_t, k_r) and (k_r, k_t) added up; so each unordered pair is spread once.
    """
    steepest = depth_bin.shape[0] - 1
    for high in range((wave + 1) // 2, steepest + 1):
        low = wave - high
        t, r = high, abs(low)
        _spread_pair(
            max(first_bin[t], first_bin[r]),
            depth_bin[t],
            depth_bin[r],
            weight[t],
            weight[r],
            plus[angle_row(high, wave, n_lateral)],
            minus[angle_row(-high, -wave, n_lateral)],
            np.float32(0.5 if high == low else 1.0),
            origin,
            table,
            cells,
        )


@numba.njit(nogil=True, cache=True)
def angle_row(leg, wave, n_lateral):  # type: ignore[no-untyped-def]
    """Row of the pair (leg, wave - leg) among the angles that `cosine_table` lists for the residue of `wave`."""
    residue = wave % n_lateral
    parity = residue % 2
    turn = (leg - (residue + parity) // 2) % n_lateral
    return min(turn, n_lateral - parity - turn)


@numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz"}, boundscheck=False)
def _spread_pair(  # type: ignore[no-untyped-def]
    first, depth_t, depth_r, weight_t, weight_r, plus, minus, half, origin, table, cells
):
    """Adds one pair of legs and its mirror image, at all frequencies from `first`.

    A cell holds the four taps of the real and imaginary part of each, 16 floats.
    """
    for f in range(first, depth_t.size):
        position = depth_t[f] + depth_r[f] - np.float32(origin)
        bin_ = np.uint32(position)
        tap = np.uint32((position - np.float32(bin_)) * np.float32(_TABLE_SIZE))
        t0, t1, t2, t3 = table[tap, 0], table[tap, 1], table[tap, 2], table[tap, 3]
        weight = weight_t[f] * weight_r[f] * half
        a = weight * plus[f]
        b = weight * minus[f]
        cell = cells[bin_]
        cell[0] += a.real * t0
        cell[1] += a.real * t1
        cell[2] += a.real * t2
        cell[3] += a.real * t3
        cell[4] += a.imag * t0
        cell[5] += a.imag * t1
        cell[6] += a.imag * t2
        cell[7] += a.imag * t3
        cell[8] += b.real * t0
        cell[9] += b.real * t1
        cell[10] += b.real * t2
        cell[11] += b.real * t3
        cell[12] += b.imag * t0
        cell[13] += b.imag * t1
        cell[14] += b.imag * t2
        cell[15] += b.imag * t3


@numba.njit(nogil=True, cache=True)
def gather_cells(cells, origin, plus, minus):  # type: ignore[no-untyped-def]
    """Adds the cells up into the spectra `plus` and `minus` (n_depth,) and clears them.

    Bins beyond the spectra's length alias, as they do in an image sampled at its rows.
    """
    plus[:] = 0
    minus[:] = 0
    for bin_ in range(cells.shape[0]):
        cell = cells[bin_]
        for tap in range(TAPS):
            target = np.uint32(origin + bin_ + tap - 1) % np.uint32(plus.size)
            plus[target] += complex(cell[tap], cell[4 + tap])
            minus[target] += complex(cell[8 + tap], cell[12 + tap])
        cell[:] = 0
