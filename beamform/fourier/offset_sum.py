"""The sum over offsets between transmitter and receiver, into spectra of leg pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, splat
from sonolucent.beamform.compute.split_complex import BLOCK, minus, n_blocks, plus, store_block, times

_ANGLES = 4
"""Summed together."""


class OffsetTables(NamedTuple):
    """Tables of the sum for the residues of one parity; rows of cosines are angles, padded to a multiple of `_ANGLES`."""

    even_cosines: NDArray[np.float32]
    """See `cosine_table`: (n_rows, even offsets)."""
    odd_cosines: NDArray[np.float32]
    """(n_rows, odd offsets)"""
    offsets_per_block: NDArray[np.int64]
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks)."""


@kernel(boundscheck=False)
def sum_offsets(tables, even, odd, odd_phase, angles):
    """Sums the spectra of all offsets h into those of leg pairs at angle a; rows are split as in `split_complex.py`.

    Args:
        tables: `OffsetTables`.
        even: spectra of the even offsets, float32 (n_even, 2 padded bins).
        odd: of the odd ones, (n_odd, 2 padded bins).
        odd_phase: complex, moves the midpoints of odd offsets to where they lie.
        angles: written to, float32 (n_angles, 2 padded bins).

    cos(h (pi - a)) = +-cos(h a), so the sums over even and over odd offsets give two angles each. A block of
    frequencies times four angles stays in registers.
    """
    even_cosines, odd_cosines, n_rows = tables
    phase = splat(odd_phase.real), splat(odd_phase.imag)
    last = angles.shape[0] - 1
    for block in range(n_rows.shape[1]):
        first = block * BLOCK
        n_even, n_odd = n_rows[0, block], n_rows[1, block]
        for row in range(0, even_cosines.shape[0], _ANGLES):
            sums = _multiply_block(even_cosines, even, n_even, row, first)
            turns = _multiply_block(odd_cosines, odd, n_odd, row, first)
            for i in range(_ANGLES):
                if row + i <= last - row - i:
                    turned = times(phase, turns[i])
                    store_block(angles[row + i], first, plus(sums[i], turned))
                    store_block(angles[last - row - i], first, minus(sums[i], turned))


@kernel(boundscheck=False, inline="always")
def _multiply_block(cosines, rows, n_rows, row, first):
    """Rows `row`..+4 of cosines @ rows[:n_rows], the block of columns at `first`, as four blocks.

    `cosines` are (n_angles, n_offsets), `rows` (n_offsets, 2 padded bins).
    """
    ar = ai = br = bi = cr = ci = dr = di = splat(np.float32(0))
    for h in range(n_rows):
        real, imaginary = load(rows[h], first), load(rows[h], first + LANES)
        a, b = splat(cosines[row, h]), splat(cosines[row + 1, h])
        c, d = splat(cosines[row + 2, h]), splat(cosines[row + 3, h])
        ar, ai, br, bi = fma(a, real, ar), fma(a, imaginary, ai), fma(b, real, br), fma(b, imaginary, bi)
        cr, ci, dr, di = fma(c, real, cr), fma(c, imaginary, ci), fma(d, real, dr), fma(d, imaginary, di)
    return (ar, ai), (br, bi), (cr, ci), (dr, di)


def cosine_table(residue_parity: int, n_lateral: int, n_offsets: int, offset_parity: int) -> NDArray[np.float32]:
    """2 cos((i + residue_parity / 2) h 2 pi / n_lateral), (n_rows, n_offsets of one parity); n_rows is a multiple of `_ANGLES`.

    Only the angles up to pi/2 are kept; `sum_offsets` makes the others.
    """
    n_half = n_lateral // 2 + (1 - residue_parity)
    angle = (
        (np.arange(_ANGLES * math.ceil(math.ceil(n_half / 2) / _ANGLES)) + residue_parity / 2) * 2 * np.pi / n_lateral
    )
    return np.asarray(2 * np.cos(angle[:, None] * np.arange(offset_parity, n_offsets, 2)), dtype=np.float32)


def offsets_per_block(bins_of_offset: Sequence[int], n_bins: int) -> NDArray[np.int64]:
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks); fewer at each next one."""
    first_bins = LANES * np.arange(n_blocks(n_bins))
    return np.stack([(np.array(bins_of_offset[parity::2])[:, None] > first_bins).sum(axis=0) for parity in (0, 1)])
