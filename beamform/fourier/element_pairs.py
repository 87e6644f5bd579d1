"""Step A: transmit-receive pairs, folded, into spectra over time and over midpoints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.transpose import transpose
from sonolucent.beamform.fourier.offset_sum import BLOCK_BINS, padded_bins
from sonolucent.beamform.fourier.pair_folding import Shots, both_orders, fold_pairs, offset_of, separate_pairs
from sonolucent.beamform.fourier.plan import FourierPlan

_TRACES = 8
"""Traces, two pairs each, transformed together: few calls, and all in the second cache."""

Pairs = NDArray[np.int64]
"""(n, 2): the lower and the higher element of each pair."""


class PairSpectra:
    """The spectra of all pairs, shared by all threads, and which pairs there are."""

    def __init__(self, plan: FourierPlan) -> None:
        sampling = plan.sampling
        self.sampling = sampling
        self.n_elements = plan.acquisition.n_rx
        self.is_dead = np.isin(np.arange(self.n_elements), plan.acquisition.dead_elements)
        self.n_bins = padded_bins(sampling.n_bins)
        self.bins_of_offset = [-(-n // BLOCK_BINS) * BLOCK_BINS for n in sampling.bins_of_offset]
        self.first_sample = np.array(sampling.first_sample)
        self.pairs_at = [self._pairs_at(offset) for offset in range(sampling.n_offsets)]
        """All pairs of elements each offset apart."""
        self.by_wavenumber = fft.complex_buffer(sampling.n_lateral, 2, (sampling.n_offsets + 1) // 2, self.n_bins)
        """(lateral wavenumber, parity of the offset, offset // 2, frequency)"""

    def of(self, offset: int) -> NDArray[np.float64]:
        """Those of the pairs `offset` apart, complex64 as float64: a view (n_lateral, n_bins)."""
        return self.by_wavenumber[:, offset % 2, offset // 2].view(np.float64)

    def pairs_of(self, element: int) -> Pairs:
        """All pairs of one element that the apodization lets through."""
        reach = self.sampling.n_offsets - 1
        other = np.arange(max(element - reach, 0), min(element + reach, self.n_elements - 1) + 1)
        return np.stack([np.minimum(other, element), np.maximum(other, element)], axis=1)

    def _pairs_at(self, offset: int) -> Pairs:
        low = np.arange(self.n_elements - offset)
        return np.stack([low, low + offset], axis=1)


class _TimeTransform(NamedTuple):
    """What one thread needs to bring pairs to their pass band."""

    traces: NDArray[np.complex64]
    """Buffer, (_TRACES, n_time)."""
    fft_calls: NDArray[np.int64]
    """Transforms of the first 1, 2, .. `_TRACES` traces, for `fft.execute`: (_TRACES, 2)."""
    first_sample: NDArray[np.int64]
    """That can hold an echo of a pixel, per offset: (n_offsets,)."""
    band: tuple[int, int]
    """First bin of the pass band, and how many there are."""


class _MidpointTransform(NamedTuple):
    """What one thread needs to transform the pairs of one offset over their midpoints; complex64 as float64."""

    first: int
    """The first pair's midpoint, rounded down to an element."""
    midpoints: NDArray[np.float64]
    """Buffer, (n_bins, n_lateral)."""
    fft_call: NDArray[np.int64]
    """Transforms `midpoints` in place, for `fft.execute`."""
    spectra: NDArray[np.float64]
    """Written to, (n_lateral, padded bins)."""


class PairRows(NamedTuple):
    """Where the pass band of each of some pairs goes."""

    of_pair: NDArray[np.int64]
    """Row of each pair, (n_pairs,)."""
    spectra: NDArray[np.complex64]
    """(n_rows, padded bins)"""


class PairWorkspace:
    """Buffers and transforms of one thread.

    Two pairs share a complex trace, one as its real and one as its imaginary part: half the time FFTs, and those of
    complex traces are faster than those of real ones.
    """

    def __init__(self, spectra: PairSpectra) -> None:
        sampling = spectra.sampling
        self._spectra = spectra
        traces = fft.complex_buffer(_TRACES, sampling.n_time)
        midpoints = fft.complex_buffer(spectra.n_bins, sampling.n_lateral)
        self._rows = fft.complex_buffer(spectra.n_elements, spectra.n_bins)
        self._rows_at = [PairRows(pairs[:, 0], self._rows) for pairs in spectra.pairs_at]
        self._time_plans = [fft.plan_forward(traces[:n]) for n in range(1, _TRACES + 1)]
        self._midpoint_plans = [fft.plan_forward(midpoints[:n]) for n in spectra.bins_of_offset]
        band = sampling.first_bin, sampling.n_bins
        self._time_transform = _TimeTransform(traces, fft.calls(self._time_plans), spectra.first_sample, band)
        self._midpoint_transforms = [
            _MidpointTransform(offset // 2, midpoints[:n_bins].view(np.float64), fft_plan.call, spectra.of(offset))
            for offset, (n_bins, fft_plan) in enumerate(zip(spectra.bins_of_offset, self._midpoint_plans, strict=True))
        ]

    def transform_offset(self, shots: Shots, offset: int) -> None:
        """The pairs `offset` apart, all the way."""
        self.transform_time(shots, self._spectra.pairs_at[offset], self._rows_at[offset])
        self.transform_midpoints(self._rows, offset)

    def transform_time(self, shots: Shots, pairs: Pairs, rows: PairRows) -> None:
        """Folds the pairs and writes the pass band of each to its row."""
        transform = _transform_baseband if np.iscomplexobj(shots.channels) else _transform_time
        transform(shots, pairs, self._time_transform, rows)

    def transform_midpoints(self, rows: NDArray[np.complex64], offset: int) -> None:
        """Transforms the pairs `offset` apart, a row each, over their midpoints."""
        n_pairs = self._spectra.n_elements - offset
        _transform_midpoints(rows[:n_pairs].view(np.float64), self._midpoint_transforms[offset])


@kernel(boundscheck=False)
def _transform_time(shots, pairs, transform, rows):
    """The pass band of `pairs` (n_pairs, 2) of real `Shots` by a `_TimeTransform`, to `PairRows`."""
    traces = transform.traces
    for first in range(0, pairs.shape[0], 2 * traces.shape[0]):
        block = pairs[first : first + 2 * traces.shape[0]]
        fold_pairs(shots, block, transform.first_sample, traces)
        fft.execute(transform.fft_calls[(block.shape[0] - 1) // 2])
        separate_pairs(traces, transform.band, rows.of_pair[first : first + block.shape[0]], rows.spectra)


@kernel(boundscheck=False)
def _transform_baseband(shots, pairs, transform, rows):
    """As `_transform_time`, for complex samples: each pair has a trace of its own."""
    traces, (first_bin, n_bins) = transform.traces, transform.band
    for first in range(0, pairs.shape[0], traces.shape[0]):
        n = min(traces.shape[0], pairs.shape[0] - first)
        for i in range(n):
            begin = transform.first_sample[offset_of(pairs, first + i)]
            a, b, share_a, share_b = both_orders(shots, pairs, first + i, begin)
            traces[i] = 0
            traces[i, begin : begin + a.size] = share_a * a + share_b * b
        fft.execute(transform.fft_calls[n - 1])
        for i in range(n):
            for k in range(n_bins):
                rows.spectra[rows.of_pair[first + i], k] = traces[i, (first_bin + k) % traces.shape[1]]


@kernel(boundscheck=False)
def _transform_midpoints(rows, transform):
    """Transforms the pairs of one offset, `rows` (n, padded bins), complex64 as float64, by a `_MidpointTransform`.

    A midpoint is rounded down to an element; the tables of `stolt.py` move those of odd offsets back.
    """
    first, midpoints, fft_call, spectra = transform
    behind = first + rows.shape[0]
    midpoints[:, :first] = 0
    midpoints[:, behind:] = 0
    transpose(rows[:, : midpoints.shape[0]], midpoints[:, first:behind])
    fft.execute(fft_call)
    transpose(midpoints, spectra)
