"""Step A of plane waves: traces into spectra over time and over receivers, shifted to the image's wavenumbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.column_fft import ColumnFft, column_buffer, plan_columns, transform_columns
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
from sonolucent.beamform.compute.taking import Taken, take
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


class _TimeTransform(NamedTuple):
    """What one thread needs to bring traces to their pass band."""

    traces: NDArray[np.complex64]
    """Buffer, (_TRACES, n_time)."""
    fft_calls: NDArray[np.int64]
    """Transforms of the first 1, 2, .. `_TRACES` traces, for `fft.execute`: (_TRACES, 2)."""
    band: _Band


class _ReceiverTransform(NamedTuple):
    """What one thread needs to transform the traces of a shot over its receivers."""

    columns: ColumnFft
    read_at: NDArray[np.int64]
    """Where each receiver's row begins, (n_lateral,)."""
    write_at: NDArray[np.int64]
    """Where that of each wavenumber does, (n_lateral,)."""
    n_blocks: int
    """Blocks of frequencies."""
    work: NDArray[np.float32]
    """See `column_buffer`."""


class ReceiveSpectra:
    """The spectra of all shots; `by_wavenumber` is what the map to the image reads."""

    def __init__(self, plan: PlaneWavePlan, pool: ThreadPool) -> None:
        sampling, (n_shots, n_rx, _) = plan.sampling, plan.acquisition.shape
        n_bins = padded_length(sampling.n_bins)
        self._pool = pool
        self._shift = split(plan.shift, n_bins)
        self._by_receiver = split_buffer(n_shots, n_rx + 1, n_bins)
        """(shot, receiver, frequency); after the last receiver one that stays silent."""
        self.by_wavenumber = split_buffer(n_shots + 1, sampling.n_lateral, n_bins)
        """(shot, lateral wavenumber, frequency); after the last shot a silent one. Rows as in `split_complex.py`."""
        traces = [fft.complex_buffer(_TRACES, sampling.n_time) for _ in range(pool.threads)]
        self._time_plans = [[fft.plan_forward(t[:n]) for n in range(1, _TRACES + 1)] for t in traces]
        band, lateral = _Band(sampling.first_bin, sampling.n_bins), np.arange(sampling.n_lateral)
        self._over_time = [
            _TimeTransform(t, fft.calls(plans), band) for t, plans in zip(traces, self._time_plans, strict=True)
        ]
        self._over_receivers = [
            _ReceiverTransform(
                columns=plan_columns(sampling.n_lateral),
                read_at=2 * n_bins * np.minimum(lateral, n_rx),
                write_at=2 * n_bins * lateral,
                n_blocks=n_blocks(sampling.n_bins),
                work=column_buffer(sampling.n_lateral),
            )
            for _ in range(pool.threads)
        ]

    def transform(self, channels: ChannelData, shots: range) -> None:
        """Takes in channel data (n, n_rx, n_samples), those of `shots`."""
        channels, whole = read_only(channels), slice(shots.start, shots.stop)
        by_receiver, shift = self._by_receiver[whole], self._shift[whole]
        by_wavenumber = self.by_wavenumber[whole]
        transform_all = _transform_all_baseband if np.iscomplexobj(channels) else _transform_all_times

        def over_time(thread: int, taken: Taken) -> None:
            transform_all(taken, channels, self._over_time[thread], shift, by_receiver)

        def over_receivers(thread: int, taken: Taken) -> None:
            _transform_all_receivers(taken, by_receiver, self._over_receivers[thread], by_wavenumber)

        self._pool.share(over_time)
        self._pool.share(over_receivers)


@kernel(boundscheck=False)
def _transform_all_times(taken, channels, transform, shift, rows):
    """The pass bands of the real traces of some shots (n_shots, n_rx, n_samples), times `shift`, to split `rows`
    (n_shots, n_rx + 1, 2 padded bins)."""
    n_shots, n_rx, _ = channels.shape
    for piece in take(taken, n_shots * _pieces_of(n_rx, 2 * _TRACES)):
        shot, first, behind = _place_of(piece, n_rx, 2 * _TRACES)
        _transform_time(channels[shot, first:behind], transform, rows[shot, first:behind])
        _multiply(rows[shot, first:behind], shift[shot, first:behind])


@kernel(boundscheck=False)
def _transform_all_baseband(taken, channels, transform, shift, rows):
    """As `_transform_all_times`, for complex traces."""
    n_shots, n_rx, _ = channels.shape
    for piece in take(taken, n_shots * _pieces_of(n_rx, _TRACES)):
        shot, first, behind = _place_of(piece, n_rx, _TRACES)
        _transform_baseband(channels[shot, first:behind], transform, rows[shot, first:behind])
        _multiply(rows[shot, first:behind], shift[shot, first:behind])


@kernel()
def _pieces_of(n, most):
    """How many pieces of at most `most` there are of n."""
    return (n + most - 1) // most


@kernel()
def _place_of(piece, n, most):
    """The shot that a piece is of, and where it begins and ends among the shot's n."""
    shot, place = divmod(piece, _pieces_of(n, most))
    return shot, place * most, min((place + 1) * most, n)


@kernel(boundscheck=False)
def _transform_all_receivers(taken, by_receiver, transform, by_wavenumber):
    """Of some shots, some blocks of frequencies at a time."""
    columns, read_at, write_at, blocks, work = transform
    for piece in take(taken, by_receiver.shape[0] * _pieces_of(blocks, _BLOCKS)):
        shot, first, behind = _place_of(piece, blocks, _BLOCKS)
        source = by_receiver[shot].reshape(-1)[first * BLOCK :]
        target = by_wavenumber[shot].reshape(-1)[first * BLOCK :]
        transform_columns(columns, source, read_at, target, write_at, BLOCK, behind - first, work)


@kernel(boundscheck=False)
def _transform_time(channels, transform, rows):
    """The pass band of real traces (n, n_samples), twice their spectrum, to split `rows` (n, 2 padded bins).

    Two share a complex trace of the `_TimeTransform`.
    """
    traces, calls, band = transform
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
def _transform_baseband(channels, transform, rows):
    """As `_transform_time` for complex traces, whose spectrum it is."""
    traces, calls, band = transform
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
