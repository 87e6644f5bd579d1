"""Step A of plane waves: traces into spectra over time and over receivers, shifted to the image's wavenumbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.compiled import kernel, read_only
from sonolucent.beamform.compute.simd import LANES, complex_multiply, load, store
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.compute.transpose import transpose
from sonolucent.beamform.fourier.pair_folding import separate_pairs
from sonolucent.beamform.fourier.plane_wave_plan import PlaneWavePlan

_TRACES = 8
"""Complex traces transformed together; of real samples each holds two."""
_BINS = 64
"""Frequencies whose receivers are transformed together."""


class _Band(NamedTuple):
    first: int
    """First bin of the pass band."""
    n: int
    """How many there are."""


class ReceiveSpectra:
    """The spectra of all shots; `by_wavenumber` is what the map to the image reads."""

    def __init__(self, plan: PlaneWavePlan, pool: ThreadPool) -> None:
        sampling, (n_shots, n_rx, _) = plan.sampling, plan.acquisition.shape
        n_bins = _BINS * -(-sampling.n_bins // _BINS)
        self._pool = pool
        self._band = _Band(sampling.first_bin, sampling.n_bins)
        self._shift = fft.complex_buffer(n_shots, n_rx, n_bins)
        self._shift[..., : sampling.n_bins] = plan.shift
        self._by_receiver = fft.complex_buffer(n_shots, n_rx, n_bins)
        self.by_wavenumber = fft.complex_buffer(n_shots + 1, sampling.n_lateral, n_bins)
        """(shot, lateral wavenumber, frequency); after the last shot a silent one."""
        self._traces = [fft.complex_buffer(_TRACES, sampling.n_time) for _ in range(pool.threads)]
        self._receivers = [fft.complex_buffer(_BINS, sampling.n_lateral) for _ in range(pool.threads)]
        self._time_plans = [[fft.plan_forward(t[:n]) for n in range(1, _TRACES + 1)] for t in self._traces]
        self._time_calls = [fft.calls(plans) for plans in self._time_plans]
        self._receiver_plans = [fft.plan_forward(buffer) for buffer in self._receivers]

    def transform(self, channels: ChannelData, shots: range) -> None:
        """Takes in channel data (n, n_rx, n_samples), those of `shots`."""
        channels = read_only(channels)
        per_block = _TRACES if np.iscomplexobj(channels) else 2 * _TRACES
        transform_time = _transform_baseband if np.iscomplexobj(channels) else _transform_time
        receivers = range(0, channels.shape[1], per_block)
        n_blocks = self.by_wavenumber.shape[2] // _BINS

        def transform_traces(thread: int, blocks: range) -> None:
            for block in blocks:
                i, first = block // len(receivers), receivers[block % len(receivers)]
                some = slice(first, min(first + per_block, channels.shape[1]))
                rows, shift = self._by_receiver[shots[i], some], self._shift[shots[i], some]
                traces, calls = self._traces[thread], self._time_calls[thread]
                transform_time(channels[i, some], traces, calls, self._band, rows)
                _multiply(rows.view(np.float32), shift.view(np.float32))

        def transform_receivers(thread: int, blocks: range) -> None:
            for block in blocks:
                shot, bins = shots[block // n_blocks], slice(block % n_blocks * _BINS, (block % n_blocks + 1) * _BINS)
                _transform_receivers(
                    self._by_receiver[shot, :, bins].view(np.float64),
                    self._receivers[thread].view(np.float64),
                    self._receiver_plans[thread].call,
                    self.by_wavenumber[shot, :, bins].view(np.float64),
                )

        self._pool.map(transform_traces, len(shots) * len(receivers), chunk=1)
        self._pool.map(transform_receivers, len(shots) * n_blocks, chunk=1)


@kernel(boundscheck=False)
def _transform_time(channels, traces, calls, band, rows):
    """The pass band of real traces (n, n_samples), twice their spectrum, to `rows` (n, padded bins), complex64.

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
    separate_pairs(traces, (band.first, band.n), np.arange(n), rows)


@kernel(boundscheck=False)
def _transform_baseband(channels, traces, calls, band, rows):
    """As `_transform_time` for complex traces, whose spectrum it is."""
    n, n_samples = channels.shape
    for i in range(n):
        traces[i, :n_samples] = channels[i]
        traces[i, n_samples:] = 0
    fft.execute(calls[n - 1])
    for i in range(n):
        for k in range(band.n):
            rows[i, k] = traces[i, (band.first + k) % traces.shape[1]]


@kernel(boundscheck=False)
def _multiply(rows, factors):
    """rows *= factors, complex numbers as two floats: (n, a multiple of LANES)."""
    for i in range(rows.shape[0]):
        for first in range(0, rows.shape[1], LANES):
            store(rows[i], first, complex_multiply(load(rows[i], first), load(factors[i], first)))


@kernel(boundscheck=False)
def _transform_receivers(rows, receivers, call, spectra):
    """From rows (n_rx, _BINS) to spectra (n_lateral, _BINS), complex64 as float64, through the buffer (_BINS,
    n_lateral) that `call` transforms."""
    receivers[:, rows.shape[0] :] = 0
    transpose(rows, receivers[:, : rows.shape[0]])
    fft.execute(call)
    transpose(receivers, spectra)
