"""Sums traces over shots with a matrix of weights: one for all times, or one a frequency.

A kernel of our own rather than BLAS, whose threads would fight with the pool for the same cores.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import ChannelData
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, splat, store
from sonolucent.beamform.compute.thread_pool import ThreadPool

Mixer = Callable[[ChannelData, NDArray[np.float32]], None]
"""Mixes the shots of its first argument (n_in, n_rx, n_samples) into its second (n_out, n_rx, n_samples)."""

_ROWS = 4
_TILE = 16 * LANES


class TimeMixer:
    """Applies one real matrix (n_out, n_in) to every sample."""

    def __init__(self, matrix: NDArray[np.float64], pool: ThreadPool) -> None:
        n_out, n_in = matrix.shape
        self._weights = np.zeros((_round_up(n_out, _ROWS), n_in), np.float32)
        self._weights[:n_out] = matrix
        self._tiles = np.zeros((pool.threads, n_in, _TILE), np.float32)
        self._mixed = np.empty((pool.threads, self._weights.shape[0], _TILE), np.float32)
        self._pool = pool

    def __call__(self, shots: ChannelData, out: NDArray[np.float32]) -> None:
        source, target = shots.reshape(shots.shape[0], -1), out.reshape(out.shape[0], -1)

        def mix_tile(thread: int, block: range) -> None:
            samples = slice(block.start, block.stop)
            self._tiles[thread, :, : len(block)] = source[:, samples]
            _mix(self._weights, self._tiles[thread], self._mixed[thread])
            target[:, samples] = self._mixed[thread, : target.shape[0], : len(block)]

        self._pool.map(mix_tile, source.shape[1], chunk=_TILE)


class FrequencyMixer:
    """Applies a complex matrix of its own to each frequency; the others become zero.

    Args:
        matrices: weights, (n_bins, n_out, n_in).
        first_bin: bin of the first matrix.
        n_fft: FFT length, samples; beyond the record traces are zero, and what the delays push there is cut off.
        n_rx: receivers of a shot.
        pool: the threads that do it.
    """

    def __init__(
        self, matrices: NDArray[np.complex64], *, first_bin: int, n_fft: int, n_rx: int, pool: ThreadPool
    ) -> None:
        n_bins, n_out, n_in = matrices.shape
        self._n_fft = n_fft
        self._bins = slice(first_bin, first_bin + n_bins)
        # Real parts first, imaginary parts after them: complex products are real ones of twice the size.
        self._weights = np.zeros((n_bins, _round_up(2 * n_out, _ROWS), 2 * n_in), np.float32)
        self._weights[:, :n_out, :n_in] = self._weights[:, n_out : 2 * n_out, n_in:] = matrices.real
        self._weights[:, n_out : 2 * n_out, :n_in] = matrices.imag
        self._weights[:, :n_out, n_in:] = -matrices.imag
        self._spectra = np.zeros((n_bins, 2 * n_in, _round_up(n_rx, LANES)), np.float32)
        self._mixed = np.empty((n_bins, self._weights.shape[1], self._spectra.shape[2]), np.float32)
        self._pool = pool

    def __call__(self, shots: ChannelData, out: NDArray[np.float32]) -> None:
        def transform(thread: int, block: range) -> None:
            for i in block:
                self._transform(shots[i], i, shots.shape[0])

        def mix(thread: int, block: range) -> None:
            for b in block:
                _mix(self._weights[b], self._spectra[b], self._mixed[b])

        def transform_back(thread: int, block: range) -> None:
            for i in block:
                self._transform_back(i, out.shape[0], out[i])

        self._pool.map(transform, shots.shape[0], chunk=1)
        self._pool.map(mix, self._bins.stop - self._bins.start, chunk=16)
        self._pool.map(transform_back, out.shape[0], chunk=1)

    def _transform(self, shot: ChannelData, i: int, n_in: int) -> None:
        spectrum = scipy.fft.rfft(shot.astype(np.float32, copy=False), n=self._n_fft)[:, self._bins].T
        self._spectra[:, i, : shot.shape[0]] = spectrum.real
        self._spectra[:, n_in + i, : shot.shape[0]] = spectrum.imag

    def _transform_back(self, i: int, n_out: int, out: NDArray[np.float32]) -> None:
        n_rx, n_samples = out.shape
        spectrum = np.zeros((n_rx, self._n_fft // 2 + 1), np.complex64)
        spectrum.real[:, self._bins] = self._mixed[:, i, :n_rx].T
        spectrum.imag[:, self._bins] = self._mixed[:, n_out + i, :n_rx].T
        out[...] = scipy.fft.irfft(spectrum, n=self._n_fft)[:, :n_samples]


def _round_up(size: int, unit: int) -> int:
    """`size` rounded up to whole units."""
    return -(-size // unit) * unit


@kernel(boundscheck=False)
def _mix(weights, traces, out):
    """out = weights @ traces, float32: (n_out, n_samples) = (n_out, n_in) @ (n_in, n_samples).

    For a whole number of `_ROWS` rows and of `LANES` columns.
    """
    for row in range(0, out.shape[0], _ROWS):
        for column in range(0, out.shape[1], LANES):
            a = b = c = d = splat(np.float32(0))
            for i in range(traces.shape[0]):
                trace = load(traces[i], column)
                a = fma(splat(weights[row, i]), trace, a)
                b = fma(splat(weights[row + 1, i]), trace, b)
                c = fma(splat(weights[row + 2, i]), trace, c)
                d = fma(splat(weights[row + 3, i]), trace, d)
            store(out[row], column, a)
            store(out[row + 1], column, b)
            store(out[row + 2], column, c)
            store(out[row + 3], column, d)
