"""The sum over offsets between transmitter and receiver, into spectra of leg pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, splat
from sonolucent.beamform.compute.split_complex import BLOCK, load_block, minus, n_blocks, plus, store_block, times

_ANGLES = 4
"""Summed together."""


class OffsetTables(NamedTuple):
    """Tables of the sum for the residues of one parity; rows of cosines are angles, a multiple of `_ANGLES`."""

    even_cosines: NDArray[np.float32]
    """See `cosine_table`: (n_rows, even offsets)."""
    odd_cosines: NDArray[np.float32]
    """(n_rows, odd offsets)"""
    per_block: NDArray[np.int64]
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks)."""


@kernel(boundscheck=False)
def sum_offsets(cosines, n_offsets, spectra, first, stride, odd_phase, n_angles, angles, target):
    """Sums a block of the spectra of all offsets h into that of leg pairs at angle a.

    Args:
        cosines: of the even and of the odd offsets, see `OffsetTables`.
        n_offsets: how many of either reach into this block.
        spectra: of all offsets, float32, flat; rows are split as in `split_complex.py`.
        first: the float at which this block of the first even and of the first odd offset begins.
        stride: floats from an offset to the next of its parity.
        odd_phase: complex, moves the midpoints of odd offsets to where they lie.
        n_angles: how many there are.
        angles: written to, float32, flat.
        target: the float in it at which the first angle's block begins; the others follow.

    cos(h (pi - a)) = +-cos(h a), so the sums over even and over odd offsets give two angles each. Four angles are
    summed at once, so that their sums stay in registers.
    """
    phase = splat(odd_phase.real), splat(odd_phase.imag)
    last = n_angles - 1
    for row in range(0, cosines[0].shape[0], _ANGLES):
        sums = _multiply(cosines[0], row, n_offsets[0], spectra, first[0], stride)
        turns = _multiply(cosines[1], row, n_offsets[1], spectra, first[1], stride)
        for i in range(_ANGLES):
            if row + i <= last - row - i:
                turned = times(phase, turns[i])
                store_block(angles, target + (row + i) * BLOCK, plus(sums[i], turned))
                store_block(angles, target + (last - row - i) * BLOCK, minus(sums[i], turned))


@kernel(boundscheck=False, forceinline=True)
def _multiply(cosines, row, n_offsets, spectra, first, stride):
    """Rows `row`..+4 of cosines[:, :n_offsets] times a block of that many rows of spectra, as four blocks."""
    ar = ai = br = bi = cr = ci = dr = di = splat(np.float32(0))
    for h in range(np.uintp(n_offsets)):
        real, imaginary = load_block(spectra, first + np.intp(h) * stride)
        a, b = splat(cosines[row, h]), splat(cosines[row + 1, h])
        c, d = splat(cosines[row + 2, h]), splat(cosines[row + 3, h])
        ar, ai, br, bi = fma(a, real, ar), fma(a, imaginary, ai), fma(b, real, br), fma(b, imaginary, bi)
        cr, ci, dr, di = fma(c, real, cr), fma(c, imaginary, ci), fma(d, real, dr), fma(d, imaginary, di)
    return (ar, ai), (br, bi), (cr, ci), (dr, di)


def cosine_table(residue_parity: int, n_lateral: int, n_offsets: int, offset_parity: int) -> NDArray[np.float32]:
    """2 cos((i + residue_parity / 2) h 2 pi / n_lateral), (n_rows, offsets of one parity).

    n_rows is a multiple of `_ANGLES`. Only the angles up to pi/2 are kept; `sum_offsets` makes the others.
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
