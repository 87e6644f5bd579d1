"""Folding of transmit-receive pairs, and the sum over offsets into angles."""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import fft
from sonolucent.beamform.channels import ChannelData
from sonolucent.beamform.geometry import Acquisition
from sonolucent.beamform.wavenumbers import Sampling

_TRACES = 8


@numba.njit(nogil=True, cache=True, boundscheck=False)
def _fold(channels, shot_of, offset, first, traces):  # type: ignore[no-untyped-def]
    """traces[i] = d(t, t + offset) + d(t + offset, t) for t = first + i, zero-padded; missing transmits count as zero.

    Exchanging transmitter and receiver changes no weight of the image, so both are summed before any transform.
    """
    n_samples = channels.shape[2]
    for i in range(traces.shape[0]):
        low, high = first + i, first + i + offset
        trace = traces[i]
        forth = shot_of[low] if high < shot_of.size else -1
        back = shot_of[high] if offset > 0 and high < shot_of.size else -1
        if forth >= 0 and back >= 0:
            a, b = channels[forth, high], channels[back, low]
            for n in range(n_samples):
                trace[n] = np.float32(a[n]) + np.float32(b[n])
        elif forth >= 0 or back >= 0:
            c = channels[forth, high] if forth >= 0 else channels[back, low]
            for n in range(n_samples):
                trace[n] = np.float32(c[n])
        else:
            trace[:n_samples] = 0


@numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz"}, boundscheck=False)
def cosine_sum(cosines, rows, out):  # type: ignore[no-untyped-def]
    """out = cosines @ rows, for (n_out, n_in) times (n_in, n), n_in a multiple of 6, in blocks that stay in L1."""
    n = rows.shape[1]
    for start in range(0, n, 256):
        stop = min(start + 256, n)
        for i in range(cosines.shape[0]):
            target = out[i, start:stop]
            for j in range(0, cosines.shape[1], 6):
                c0, c1, c2 = cosines[i, j], cosines[i, j + 1], cosines[i, j + 2]
                c3, c4, c5 = cosines[i, j + 3], cosines[i, j + 4], cosines[i, j + 5]
                block = rows[j : j + 6, start:stop]
                if j == 0:
                    for x in range(target.size):
                        target[x] = (
                            c0 * block[0, x] + c1 * block[1, x] + c2 * block[2, x]
                            + c3 * block[3, x] + c4 * block[4, x] + c5 * block[5, x]
                        )  # fmt: skip
                else:
                    for x in range(target.size):
                        target[x] += (
                            c0 * block[0, x] + c1 * block[1, x] + c2 * block[2, x]
                            + c3 * block[3, x] + c4 * block[4, x] + c5 * block[5, x]
                        )  # fmt: skip


@numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz"}, boundscheck=False)
def mirror_sum(even, odd, phase, out):  # type: ignore[no-untyped-def]
    """Legs at angle a and pi - a from the sums over even and odd offsets: even +- phase * odd."""
    last = out.shape[0] - 1
    for i in range(even.shape[0]):
        for f in range(out.shape[1]):
            turned = phase * odd[i, f]
            out[i, f] = even[i, f] + turned
            out[last - i, f] = even[i, f] - turned


def cosine_table(parity: int, n_lateral: int, n_offsets: int, odd_offsets: int) -> NDArray[np.float32]:
    """2 cos((i + parity/2) h 2 pi / n_lateral) for the offsets h of one parity, columns padded to a multiple of 6.

    Only the angles up to pi/2 are kept; `mirror_sum` makes the others.
    """
    n_half = n_lateral // 2 + (1 - parity)
    angle = (np.arange(math.ceil(n_half / 2)) + parity / 2) * 2 * np.pi / n_lateral
    offsets = np.arange(odd_offsets, n_offsets, 2)
    table = np.zeros((angle.size, 6 * math.ceil(max(offsets.size, 1) / 6)), np.float32)
    table[:, : offsets.size] = 2 * np.cos(angle[:, None] * offsets)
    return table


def padded_bins(sampling: Sampling) -> int:
    """Length of a row of spectra: an odd number of cache lines, since strides of whole pages thrash the cache."""
    lines = math.ceil(sampling.n_bins / 8)
    return 8 * (lines + 1 - lines % 2)


class OffsetWorkspace:
    """Step A: buffers and transforms of one worker, from channel data to the spectra of one offset."""

    def __init__(self, acquisition: Acquisition, sampling: Sampling) -> None:
        self._n_elements = acquisition.n_rx
        self._sampling = sampling
        self._shot_of = np.full(acquisition.n_rx, -1, np.int64)
        self._shot_of[list(acquisition.tx_elements)] = np.arange(acquisition.n_tx)
        self._traces = fft.real_buffer(_TRACES, sampling.n_time)
        self._trace_spectra = fft.complex_buffer(_TRACES, sampling.n_time // 2 + 1)
        self._shots = fft.complex_buffer(sampling.n_lateral, padded_bins(sampling))
        self._waves = fft.complex_buffer(*self._shots.shape)
        self._transform_time = fft.plan_real_forward(self._traces, self._trace_spectra)
        self._transform_shots = fft.plan_forward(self._shots, self._waves, axis=0)

    def __call__(self, channels: ChannelData, offset: int, spectra: NDArray[np.complex64]) -> None:
        """Writes the spectra of all pairs `offset` elements apart, `spectra` (n_lateral, n_bins)."""
        first_bin, n_bins = self._sampling.first_bin, self._sampling.n_bins
        n_pairs, midpoint = self._n_elements - offset, offset // 2
        self._shots[...] = 0
        for first in range(0, n_pairs, _TRACES):
            n = min(_TRACES, n_pairs - first)
            self._traces[:, channels.shape[2] :] = 0
            _fold(channels, self._shot_of, offset, first, self._traces)
            self._transform_time()
            rows = slice(first + midpoint, first + midpoint + n)
            self._shots[rows, :n_bins] = self._trace_spectra[:n, first_bin : first_bin + n_bins]
        self._transform_shots()
        spectra[...] = self._waves


def spectra_buffer(sampling: Sampling) -> NDArray[np.complex64]:
    """Room for all offsets: (lateral wavenumber, parity of the offset, offset // 2, frequency)."""
    n_each = 6 * math.ceil(math.ceil(sampling.n_offsets / 2) / 6)
    return fft.complex_buffer(sampling.n_lateral, 2, n_each, padded_bins(sampling))
