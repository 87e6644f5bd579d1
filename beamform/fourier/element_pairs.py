"""Step A: transmit-receive pairs, folded, into spectra over time and over midpoints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.transpose import transpose
from sonolucent.beamform.fourier.offset_sum import BLOCK_BINS, padded_bins
from sonolucent.beamform.fourier.pair_folding import both_orders, fold, offset_of, part
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
        self.n_bins = padded_bins(sampling.n_bins)
        self.bins_of_offset = [-(-n // BLOCK_BINS) * BLOCK_BINS for n in sampling.bins_of_offset]
        self.first_sample = np.array(sampling.first_sample)
        self.pairs_at = [self._pairs_at(offset) for offset in range(sampling.n_offsets)]
        """All pairs of elements each offset apart."""
        self.by_wavenumber = fft.complex_buffer(sampling.n_lateral, 2, (sampling.n_offsets + 1) // 2, self.n_bins)
        """(lateral wavenumber, parity of the offset, offset // 2, frequency)"""

    def pairs_of(self, element: int) -> Pairs:
        """All pairs of one element that the apodization lets through."""
        reach = self.sampling.n_offsets - 1
        other = np.arange(max(element - reach, 0), min(element + reach, self.n_elements - 1) + 1)
        return np.stack([np.minimum(other, element), np.maximum(other, element)], axis=1)

    def _pairs_at(self, offset: int) -> Pairs:
        low = np.arange(self.n_elements - offset)
        return np.stack([low, low + offset], axis=1)


class PairWorkspace:
    """Buffers and transforms of one thread.

    Two pairs share a complex trace, one as its real and one as its imaginary part: half the time FFTs, and those of
    complex traces are faster than those of real ones.
    """

    def __init__(self, spectra: PairSpectra) -> None:
        sampling = spectra.sampling
        self._spectra = spectra
        self._band = sampling.first_bin, sampling.n_bins
        self._traces = fft.complex_buffer(_TRACES, sampling.n_time)
        self._rows = fft.complex_buffer(spectra.n_elements, spectra.n_bins)
        self._midpoints = fft.complex_buffer(spectra.n_bins, sampling.n_lateral)
        self._plans = [
            [fft.plan_forward(self._traces[:n]) for n in range(1, _TRACES + 1)],
            [fft.plan_forward(self._midpoints[:n]) for n in spectra.bins_of_offset],
        ]
        self._transform_traces, self._transform_midpoints = (fft.calls(plans) for plans in self._plans)

    def transform_offset(self, channels: ChannelData, shot_of: NDArray[np.int64], offset: int) -> None:
        """The pairs `offset` apart, all the way; element e transmitted as channels[shot_of[e]], or not at all where
        that is negative."""
        pairs = self._spectra.pairs_at[offset]
        self.transform_time(channels, shot_of, pairs, self._rows, pairs[:, 0])
        self.transform_midpoints(self._rows, offset)

    def transform_time(
        self,
        channels: ChannelData,
        shot_of: NDArray[np.int64],
        pairs: Pairs,
        rows: NDArray[np.complex64],
        row_of: NDArray[np.int64],
    ) -> None:
        """Folds the pairs and writes the pass band of pair i to rows[row_of[i]]."""
        transform = _transform_baseband if np.iscomplexobj(channels) else _transform_time
        transform(
            channels,
            shot_of,
            pairs,
            self._spectra.first_sample,
            self._traces,
            self._transform_traces,
            self._band,
            row_of,
            rows,
        )

    def transform_midpoints(self, rows: NDArray[np.complex64], offset: int) -> None:
        """Transforms the pairs `offset` apart, a row each, over their midpoints."""
        n_bins = self._spectra.bins_of_offset[offset]
        _transform_midpoints(
            rows[: self._spectra.n_elements - offset].view(np.float64),
            offset // 2,
            self._midpoints[:n_bins].view(np.float64),
            self._transform_midpoints[offset],
            self._spectra.by_wavenumber[:, offset % 2, offset // 2].view(np.float64),
        )


@kernel(boundscheck=False)
def _transform_time(  # type: ignore[no-untyped-def]
    channels, shot_of, pairs, first_sample, traces, transforms, band, row_of, rows
):
    for first in range(0, pairs.shape[0], 2 * traces.shape[0]):
        block = pairs[first : first + 2 * traces.shape[0]]
        fold(channels, shot_of, block, first_sample, traces)
        fft.execute(transforms[(block.shape[0] - 1) // 2])
        part(traces, band, row_of[first : first + block.shape[0]], rows)


@kernel(boundscheck=False)
def _transform_baseband(  # type: ignore[no-untyped-def]
    channels, shot_of, pairs, first_sample, traces, transforms, band, row_of, rows
):
    """As `_transform_time`, for complex samples: each pair has a trace of its own."""
    for first in range(0, pairs.shape[0], traces.shape[0]):
        n = min(traces.shape[0], pairs.shape[0] - first)
        for i in range(n):
            begin = first_sample[offset_of(pairs, first + i)]
            a, b, share_a, share_b = both_orders(channels, shot_of, pairs, first + i, begin)
            traces[i] = 0
            traces[i, begin : begin + a.size] = share_a * a + share_b * b
        fft.execute(transforms[n - 1])
        for i in range(n):
            for k in range(band[1]):
                rows[row_of[first + i], k] = traces[i, (band[0] + k) % traces.shape[1]]


@kernel(boundscheck=False)
def _transform_midpoints(rows, first, midpoints, transform, spectra):  # type: ignore[no-untyped-def]
    """From rows (n, n_bins) to spectra (n_lateral, n_bins), complex64 seen as float64.

    A midpoint is rounded down to an element; `StoltMap.odd_phase` moves those of odd offsets back.
    """
    behind = first + rows.shape[0]
    midpoints[:, :first] = 0
    midpoints[:, behind:] = 0
    transpose(rows[:, : midpoints.shape[0]], midpoints[:, first:behind])
    fft.execute(transform)
    transpose(midpoints, spectra)
