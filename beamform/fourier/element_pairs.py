"""Step A: transmit-receive pairs, folded, into spectra over time and over midpoints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.column_fft import ColumnFft, column_buffer, plan_columns, transform_columns
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.taking import Taken, take
from sonolucent.beamform.fourier.pair_folding import (
    Shots,
    both_orders,
    fold_pairs,
    keep_band,
    offset_of,
    separate_pairs,
)
from sonolucent.beamform.fourier.pair_spectra import Pairs, PairSpectra

_TRACES = 8
"""Traces, two pairs each, transformed together: few calls, and all in the second cache."""


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
    """What one thread needs to transform the pairs of an offset over their midpoints."""

    columns: ColumnFft
    spectra: NDArray[np.float32]
    """`PairSpectra.by_wavenumber`, flat."""
    work: NDArray[np.float32]
    """See `column_buffer`."""


class PairRows(NamedTuple):
    """Where the pass band of each of some pairs goes."""

    of_pair: NDArray[np.int64]
    """Row of each pair, (n_pairs,)."""
    spectra: NDArray[np.float32]
    """(n_rows, 2 padded bins)"""


class PairWorkspace:
    """Buffers and transforms of one thread.

    Two pairs share a complex trace, one as its real and one as its imaginary part: half the time FFTs, and those of
    complex traces are faster than those of real ones.
    """

    def __init__(self, spectra: PairSpectra) -> None:
        sampling = spectra.sampling
        self._offsets = spectra.offsets
        traces = fft.complex_buffer(_TRACES, sampling.n_time)
        self._rows = spectra.rows()
        self._time_plans = [fft.plan_forward(traces[:n]) for n in range(1, _TRACES + 1)]
        band = sampling.first_bin, sampling.n_bins
        self._time_transform = _TimeTransform(traces, fft.calls(self._time_plans), spectra.first_sample, band)
        self._midpoint_transform = _MidpointTransform(
            plan_columns(sampling.n_lateral), spectra.by_wavenumber.reshape(-1), column_buffer(sampling.n_lateral)
        )

    def transform_offsets(self, taken: Taken, shots: Shots) -> None:
        """The pairs of offsets that nobody else takes, all the way."""
        transform = _transform_baseband_offsets if np.iscomplexobj(shots.channels) else _transform_offsets
        transform(taken, shots, self._offsets, self._time_transform, self._rows, self._midpoint_transform)

    def transform_time(self, shots: Shots, pairs: Pairs, rows: PairRows) -> None:
        """Folds the pairs and writes the pass band of each to its row."""
        transform = _transform_baseband if np.iscomplexobj(shots.channels) else _transform_time
        transform(shots, pairs, self._time_transform, rows)

    def transform_midpoints(self, taken: Taken, rows: NDArray[np.float32]) -> None:
        """Transforms pairs of offsets that nobody else takes, `PairSpectra.rows` of each, over their midpoints."""
        _transform_all_midpoints(taken, self._offsets, rows, self._midpoint_transform)


@kernel(boundscheck=False)
def _transform_offsets(taken, shots, offsets, transform, rows, midpoints):
    """Brings real `Shots` to `PairSpectra.by_wavenumber`, offset by offset.

    Args:
        taken: see `take`.
        shots: `Shots`.
        offsets: `Offsets`.
        transform: `_TimeTransform`.
        rows: to work in, see `PairSpectra.rows`.
        midpoints: `_MidpointTransform`.
    """
    for offset in take(taken, offsets.n_blocks.size):
        pairs = offsets.pairs[offsets.first_pair[offset] : offsets.first_pair[offset + 1]]
        _transform_time(shots, pairs, transform, PairRows(pairs[:, 0], rows))
        _transform_midpoints(offsets, offset, rows, midpoints)


@kernel(boundscheck=False)
def _transform_baseband_offsets(taken, shots, offsets, transform, rows, midpoints):
    """As `_transform_offsets`, for complex samples."""
    for offset in take(taken, offsets.n_blocks.size):
        pairs = offsets.pairs[offsets.first_pair[offset] : offsets.first_pair[offset + 1]]
        _transform_baseband(shots, pairs, transform, PairRows(pairs[:, 0], rows))
        _transform_midpoints(offsets, offset, rows, midpoints)


@kernel(boundscheck=False)
def _transform_all_midpoints(taken, offsets, rows, midpoints):
    """Offset by offset, of rows (n_offsets, n_elements + 1, 2 n_bins)."""
    for offset in take(taken, offsets.n_blocks.size):
        _transform_midpoints(offsets, offset, rows[offset], midpoints)


@kernel(boundscheck=False)
def _transform_midpoints(offsets, offset, rows, midpoints):
    """Those of one offset, of rows (n_elements + 1, 2 n_bins)."""
    columns, spectra, work = midpoints
    read_at, write_at, blocks = offsets.read_at[offset], offsets.write_at[offset], offsets.n_blocks[offset]
    transform_columns(columns, rows.reshape(-1), read_at, spectra, write_at, offsets.write_step, blocks, work)


@kernel(boundscheck=False)
def _transform_time(shots, pairs, transform, rows):
    """The pass band of `pairs` (n_pairs, 2) of real `Shots` by a `_TimeTransform`, to `PairRows`."""
    traces = transform.traces.view(np.float32)
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
            keep_band(traces[i], first_bin, n_bins, rows.spectra[rows.of_pair[first + i]])
