"""The sum over offsets between transmitter and receiver, into spectra of leg pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, add, fma, load, multiply, splat, store, subtract, times_i

BLOCK_BINS = 3 * LANES // 2
"""Frequencies summed together, as complex numbers of two floats."""


class OffsetTables(NamedTuple):
    """Tables of the sum for the residues of one parity; rows of cosines are angles, padded to a multiple of 3."""

    even_cosines: NDArray[np.float32]
    """See `cosine_table`: (n_rows, even offsets)."""
    odd_cosines: NDArray[np.float32]
    """(n_rows, odd offsets)"""
    offsets_per_block: NDArray[np.int64]
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks)."""


@kernel(boundscheck=False)
def sum_offsets(tables, even, odd, odd_phase, angles):
    """Sums the spectra of all offsets h into those of leg pairs at angle a. Complex numbers are two floats.

    Args:
        tables: `OffsetTables`.
        even: spectra of the even offsets, float32 (n_even, 2 padded bins).
        odd: of the odd ones, (n_odd, 2 padded bins).
        odd_phase: complex, moves the midpoints of odd offsets to where they lie.
        angles: written to, float32 (n_angles, 2 padded bins).

    cos(h (pi - a)) = +-cos(h a), so the sums over even and over odd offsets give two angles each. Blocks of 48 floats
    times three angles stay in registers.
    """
    even_cosines, odd_cosines, n_rows = tables
    real, imaginary = splat(odd_phase.real), splat(odd_phase.imag)
    last = angles.shape[0] - 1
    for block in range(n_rows.shape[1]):
        first = block * 3 * LANES
        n_even, n_odd = n_rows[0, block], n_rows[1, block]
        for row in range(0, even_cosines.shape[0], 3):
            sums = _multiply_block(even_cosines, even, n_even, row, first)
            turns = _multiply_block(odd_cosines, odd, n_odd, row, first)
            for i in range(3):
                for j in range(3):
                    turned = turns[3 * i + j]
                    turned = fma(imaginary, times_i(turned), multiply(real, turned))
                    column = first + j * LANES
                    if row + i <= last - row - i:
                        store(angles[row + i], column, add(sums[3 * i + j], turned))
                        store(angles[last - row - i], column, subtract(sums[3 * i + j], turned))


@kernel(boundscheck=False, inline="always")
def _multiply_block(cosines, rows, n_rows, row, first):
    """Rows `row`..+3 of cosines @ rows[:n_rows], 48 columns from `first`, as nine vectors.

    `cosines` are (n_angles, n_offsets), `rows` (n_offsets, 2 padded bins), complex as two floats.
    """
    a0 = a1 = a2 = b0 = b1 = b2 = c0 = c1 = c2 = splat(np.float32(0))
    for h in range(n_rows):
        x0, x1, x2 = load(rows[h], first), load(rows[h], first + LANES), load(rows[h], first + 2 * LANES)
        a, b, c = splat(cosines[row, h]), splat(cosines[row + 1, h]), splat(cosines[row + 2, h])
        a0, a1, a2 = fma(a, x0, a0), fma(a, x1, a1), fma(a, x2, a2)
        b0, b1, b2 = fma(b, x0, b0), fma(b, x1, b1), fma(b, x2, b2)
        c0, c1, c2 = fma(c, x0, c0), fma(c, x1, c1), fma(c, x2, c2)
    return a0, a1, a2, b0, b1, b2, c0, c1, c2


def cosine_table(residue_parity: int, n_lateral: int, n_offsets: int, offset_parity: int) -> NDArray[np.float32]:
    """2 cos((i + residue_parity / 2) h 2 pi / n_lateral), (n_rows, n_offsets of one parity); n_rows is a multiple of 3.

    Only the angles up to pi/2 are kept; `sum_offsets` makes the others.
    """
    n_half = n_lateral // 2 + (1 - residue_parity)
    angle = (np.arange(3 * math.ceil(math.ceil(n_half / 2) / 3)) + residue_parity / 2) * 2 * np.pi / n_lateral
    return np.asarray(2 * np.cos(angle[:, None] * np.arange(offset_parity, n_offsets, 2)), dtype=np.float32)


def offsets_per_block(bins_of_offset: Sequence[int], n_bins: int) -> NDArray[np.int64]:
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks); fewer at each next one."""
    first_bins = np.arange(0, n_bins, BLOCK_BINS)
    return np.stack([(np.array(bins_of_offset[parity::2])[:, None] > first_bins).sum(axis=0) for parity in (0, 1)])


def padded_bins(n_bins: int) -> int:
    """Length of a row of spectra: whole blocks of `sum_offsets`, room for a vector that begins at the last bin, and an
    odd number of blocks, since rows whole pages apart would thrash the cache."""
    blocks = math.ceil((n_bins + LANES // 2 - 1) / BLOCK_BINS)
    return BLOCK_BINS * (blocks + 1 - blocks % 2)
