"""Step A of plane waves: traces into spectra over time and over receivers, shifted to the image's wavenumbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.column_fft import column_buffer, plan_columns, transform_columns
from sonolucent.beamform.compute.compiled import kernel, read_only
from sonolucent.beamform.compute.split_complex import (
    BLOCK,
    load_block,
    n_blocks,
    padded_length,
    split,
    split_buffer,
    store_block,
    times,
)
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.fourier.pair_folding import keep_band, separate_pairs
from sonolucent.beamform.fourier.plane_wave_plan import PlaneWavePlan

_TRACES = 8
"""Complex traces transformed together; of real samples each holds two."""
_BLOCKS = 4
"""Blocks of frequencies whose receivers are transformed together."""


class _Band(NamedTuple):
    first: int
    """First bin of the pass band."""
    n: int
    """How many there are."""


class ReceiveSpectra:
    """The spectra of all shots; `by_wavenumber` is what the map to the image reads."""

    def __init__(self, plan: PlaneWavePlan, pool: ThreadPool) -> None:
        sampling, (n_shots, n_rx, _) = plan.sampling, plan.acquisition.shape
        n_bins = padded_length(sampling.n_bins)
        self._pool = pool
        self._band = _Band(sampling.first_bin, sampling.n_bins)
        self._shift = split(plan.shift, n_bins)
        self._by_receiver = split_buffer(n_shots, n_rx + 1, n_bins)
        """(shot, receiver, frequency); after the last receiver one that stays silent."""
        self.by_wavenumber = split_buffer(n_shots + 1, sampling.n_lateral, n_bins)
        """(shot, lateral wavenumber, frequency); after the last shot a silent one. Rows as in `split_complex.py`."""
        self._traces = [fft.complex_buffer(_TRACES, sampling.n_time) for _ in range(pool.threads)]
        self._time_plans = [[fft.plan_forward(t[:n]) for n in range(1, _TRACES + 1)] for t in self._traces]
        self._time_calls = [fft.calls(plans) for plans in self._time_plans]
        self._columns = plan_columns(sampling.n_lateral)
        self._column_buffers = [column_buffer(sampling.n_lateral) for _ in range(pool.threads)]
        self._read_at = 2 * n_bins * np.minimum(np.arange(sampling.n_lateral), n_rx)
        self._write_at = 2 * n_bins * np.arange(sampling.n_lateral)

    def transform(self, channels: ChannelData, shots: range) -> None:
        """Takes in channel data (n, n_rx, n_samples), those of `shots`."""
        channels = read_only(channels)
        per_block = _TRACES if np.iscomplexobj(channels) else 2 * _TRACES
        transform_time = _transform_baseband if np.iscomplexobj(channels) else _transform_time
        receivers = range(0, channels.shape[1], per_block)
        blocks_of_shot = n_blocks(self._band.n)
        groups = -(-blocks_of_shot // _BLOCKS)

        def transform_traces(thread: int, blocks: range) -> None:
            for block in blocks:
                i, first = block // len(receivers), receivers[block % len(receivers)]
                some = slice(first, min(first + per_block, channels.shape[1]))
                rows, shift = self._by_receiver[shots[i], some], self._shift[shots[i], some]
                transform_time(channels[i, some], self._traces[thread], self._time_calls[thread], self._band, rows)
                _multiply(rows, shift)

        def transform_receivers(thread: int, blocks: range) -> None:
            for block in blocks:
                shot, first = shots[block // groups], block % groups * _BLOCKS
                transform_columns(
                    self._columns,
                    self._by_receiver[shot].reshape(-1)[first * BLOCK :],
                    self._read_at,
                    self.by_wavenumber[shot].reshape(-1)[first * BLOCK :],
                    self._write_at,
                    BLOCK,
                    min(_BLOCKS, blocks_of_shot - first),
                    self._column_buffers[thread],
                )

        self._pool.map(transform_traces, len(shots) * len(receivers), chunk=1)
        self._pool.map(transform_receivers, len(shots) * groups, chunk=1)


@kernel(boundscheck=False)
def _transform_time(channels, traces, calls, band, rows):
    """The pass band of real traces (n, n_samples), twice their spectrum, to split `rows` (n, 2 padded bins).

    Two share a complex trace of `traces` (_TRACES, n_time); `calls` transform the first 1, 2, .. of these.
    """
    n, n_samples = channels.shape
    n_pairs = (n + 1) // 2
    for i in range(n_pairs):
        real, imaginary = channels[2 * i], channels[min(2 * i + 1, n - 1)]
        both = np.float32(1 if 2 * i + 1 < n else 0)
        trace = traces[i].view(np.float32)
        for s in range(n_samples):
            trace[2 * s] = np.float32(real[s])
            trace[2 * s + 1] = both * np.float32(imaginary[s])
        trace[2 * n_samples :] = 0
    fft.execute(calls[n_pairs - 1])
    separate_pairs(traces.view(np.float32), (band.first, band.n), np.arange(n), rows)


@kernel(boundscheck=False)
def _transform_baseband(channels, traces, calls, band, rows):
    """As `_transform_time` for complex traces, whose spectrum it is."""
    n, n_samples = channels.shape
    for i in range(n):
        traces[i, :n_samples] = channels[i]
        traces[i, n_samples:] = 0
    fft.execute(calls[n - 1])
    for i in range(n):
        keep_band(traces[i], band.first, band.n, rows[i])


@kernel(boundscheck=False)
def _multiply(rows, factors):
    """rows *= factors, split complex numbers in whole blocks."""
    for i in range(rows.shape[0]):
        for first in range(0, rows.shape[1], BLOCK):
            store_block(rows[i], first, times(load_block(rows[i], first), load_block(factors[i], first)))
