"""The spectra of all transmit-receive pairs, and where each offset between their elements has its part of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.split_complex import BLOCK, n_blocks, padded_length, split_buffer
from sonolucent.beamform.fourier.plan import FourierPlan

Pairs = NDArray[np.int64]
"""(n, 2): the lower and the higher element of each pair."""


class Offsets(NamedTuple):
    """Which pairs are each offset apart, and where their transform over midpoints reads and writes.

    A midpoint is rounded down to an element; the tables of `stolt.py` move those of odd offsets back.
    """

    pairs: Pairs
    """All of them, by their offset."""
    first_pair: NDArray[np.int64]
    """Of each offset, and the number of all: (n_offsets + 1,)."""
    read_at: NDArray[np.int64]
    """Where each midpoint's row begins among `PairSpectra.rows`, (n_offsets, n_lateral)."""
    write_at: NDArray[np.int64]
    """Where the first block of each wavenumber goes in `PairSpectra.by_wavenumber`, (n_offsets, n_lateral)."""
    write_step: int
    """Floats from there to where the next block goes."""
    n_blocks: NDArray[np.int64]
    """Blocks of frequencies that each offset reaches a pixel with, (n_offsets,)."""


class PairSpectra:
    """The spectra of all pairs, shared by all threads, and which pairs there are."""

    def __init__(self, plan: FourierPlan) -> None:
        sampling = plan.sampling
        self.sampling = sampling
        self.n_elements = plan.acquisition.n_rx
        self.is_dead = np.isin(np.arange(self.n_elements), plan.acquisition.dead_elements)
        self.n_bins = padded_length(sampling.n_bins)
        self.first_sample = np.array(sampling.first_sample)
        n_half = (sampling.n_offsets + 1) // 2
        self.by_wavenumber = fft.real_buffer(sampling.n_lateral, n_blocks(sampling.n_bins), 2, n_half, BLOCK)
        """Blocks as in `split_complex.py`: (lateral wavenumber, block of frequencies, parity of the offset,
        offset // 2, BLOCK). So the sum over offsets reads what it needs in one piece."""
        self.offsets = _offsets(self)

    def rows(self, *shape: int) -> NDArray[np.float32]:
        """For the pass bands of the pairs of an offset, by their lower element; the last row stays zero:
        (..., n_elements + 1, 2 n_bins)."""
        return split_buffer(*shape, self.n_elements + 1, self.n_bins)

    def pairs_of(self, element: int) -> Pairs:
        """All pairs of one element that the apodization lets through."""
        reach = self.sampling.n_offsets - 1
        other = np.arange(max(element - reach, 0), min(element + reach, self.n_elements - 1) + 1)
        return np.stack([np.minimum(other, element), np.maximum(other, element)], axis=1)


def _offsets(spectra: PairSpectra) -> Offsets:
    sampling, n_elements = spectra.sampling, spectra.n_elements
    offsets, midpoints = np.arange(sampling.n_offsets)[:, None], np.arange(sampling.n_lateral)
    low = [np.arange(n_elements - offset) for offset in range(sampling.n_offsets)]
    pair = midpoints - offsets // 2
    row = np.where((pair >= 0) & (pair < n_elements - offsets), pair, n_elements)
    _, blocks, _, n_half, _ = spectra.by_wavenumber.shape
    step = 2 * n_half * BLOCK
    return Offsets(
        pairs=np.concatenate([np.stack([pairs, pairs + offset], axis=1) for offset, pairs in enumerate(low)]),
        first_pair=np.cumsum([0, *map(len, low)]),
        read_at=2 * spectra.n_bins * row,
        write_at=midpoints * blocks * step + (offsets % 2 * n_half + offsets // 2) * BLOCK,
        write_step=step,
        n_blocks=np.array([n_blocks(n_bins) for n_bins in sampling.bins_of_offset]),
    )
