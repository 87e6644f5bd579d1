"""The sum over offsets between transmitter and receiver, into spectra of leg pairs."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, splat
from sonolucent.beamform.compute.split_complex import BLOCK, load_block, minus, n_blocks, plus, store_block, times
from sonolucent.beamform.fourier.sampling import Sampling

_ANGLES = 4
"""Summed together."""


class OffsetSums(NamedTuple):
    """Tables of the sums, for each residue r of the image's wavenumbers modulo the lateral period, and -r."""

    even_cosines: tuple[NDArray[np.float32], NDArray[np.float32]]
    """For even and for odd residues, see `cosine_table`: (n_rows, even offsets)."""
    odd_cosines: tuple[NDArray[np.float32], NDArray[np.float32]]
    """(n_rows, odd offsets)"""
    per_block: NDArray[np.int64]
    """How many offsets of each parity reach into each block of frequencies, (2, n_blocks)."""
    first: NDArray[np.int64]
    """Of +r and -r, the float at which their spectra begin: (n_residues, 2)."""
    n_half: int
    """Offsets of a parity."""
    odd_phases: NDArray[np.complex64]
    """Of +r and -r, what moves the midpoints of odd offsets, rounded down to an element, to where they lie:
    (n_residues, 2)."""
    n_angles: tuple[int, int]
    """For even and for odd residues."""


def plan_offset_sums(sampling: Sampling, spectra_shape: tuple[int, ...]) -> OffsetSums:
    """For spectra of the shape of `PairSpectra.by_wavenumber`."""
    n_lateral, n_half = spectra_shape[0], spectra_shape[3]
    residues = np.arange(n_lateral // 2 + 1)
    both = np.stack([residues, -residues % n_lateral], axis=1)
    even, odd = (
        tuple(cosine_table(parity, n_lateral, sampling.n_offsets, offsets) for parity in (0, 1)) for offsets in (0, 1)
    )
    return OffsetSums(
        even_cosines=(even[0], even[1]),
        odd_cosines=(odd[0], odd[1]),
        per_block=_offsets_per_block(sampling),
        first=both * math.prod(spectra_shape[1:]),
        n_half=n_half,
        odd_phases=np.exp(-1j * np.pi * both / n_lateral).astype(np.complex64),
        n_angles=(n_lateral // 2 + 1, n_lateral // 2),
    )


@kernel(boundscheck=False)
def sum_offsets(block, residue, tables, spectra, angles):
    """Sums a block of the spectra of all offsets h into those of leg pairs at angle a, for +residue and -residue.

    Args:
        block: of frequencies.
        residue: from 0 on.
        tables: `OffsetSums`.
        spectra: `PairSpectra.by_wavenumber`.
        angles: written to, (2 residues, at least n_angles, BLOCK).

    cos(h (pi - a)) = +-cos(h a), so the sums over even and over odd offsets give two angles each. Four angles are
    summed at once, so that their sums stay in registers.
    """
    parity, per_block, n_half = residue % 2, tables.per_block, tables.n_half
    even_cosines, odd_cosines = tables.even_cosines[parity], tables.odd_cosines[parity]
    last = tables.n_angles[parity] - 1
    for side in range(2):
        odd_phase = tables.odd_phases[residue, side]
        phase = splat(odd_phase.real), splat(odd_phase.imag)
        even = tables.first[residue, side] + block * 2 * n_half * BLOCK
        odd = even + n_half * BLOCK
        target = side * angles.shape[1]
        for row in range(0, even_cosines.shape[0], _ANGLES):
            sums = _multiply(even_cosines, row, per_block[0, block], spectra, even)
            turns = _multiply(odd_cosines, row, per_block[1, block], spectra, odd)
            for i in range(_ANGLES):
                if row + i <= last - row - i:
                    turned = times(phase, turns[i])
                    store_block(angles, (target + row + i) * BLOCK, plus(sums[i], turned))
                    store_block(angles, (target + last - row - i) * BLOCK, minus(sums[i], turned))


@kernel(boundscheck=False, forceinline=True)
def _multiply(cosines, row, n_offsets, spectra, first):
    """Rows `row`..+4 of cosines[:, :n_offsets] times as many blocks of spectra from `first` on, as four blocks."""
    ar = ai = br = bi = cr = ci = dr = di = splat(np.float32(0))
    for h in range(np.uintp(n_offsets)):
        real, imaginary = load_block(spectra, first + np.intp(h) * BLOCK)
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


def _offsets_per_block(sampling: Sampling) -> NDArray[np.int64]:
    """(2, n_blocks), fewer at each next block."""
    first_bins = LANES * np.arange(n_blocks(sampling.n_bins))
    reach = np.array(sampling.bins_of_offset)[:, None] > first_bins
    return np.stack([reach[parity::2].sum(axis=0) for parity in (0, 1)])
