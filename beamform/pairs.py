"""Step A: transmit-receive pairs, folded, into spectra over time and over midpoints."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import fft
from sonolucent.beamform.channels import ChannelData
from sonolucent.beamform.geometry import Acquisition
from sonolucent.beamform.offsets import padded_bins
from sonolucent.beamform.wavenumbers import Sampling

_TRACES = 8
"""Traces folded and transformed together: as many as stay in the first cache."""
_CHUNK = 168
"""Frequencies transformed over midpoints together: as many as stay in the second cache with all midpoints."""

Pairs = NDArray[np.int64]
"""(n, 2): the lower and the higher element of each pair."""


class PairSpectra:
    """What the workers share: the spectra of all pairs, before and after the transform over midpoints."""

    def __init__(self, acquisition: Acquisition, sampling: Sampling) -> None:
        n_bins = padded_bins(sampling)
        self.sampling = sampling
        self.n_elements = acquisition.n_rx
        self.chunks = [slice(first, min(first + _CHUNK, n_bins)) for first in range(0, n_bins, _CHUNK)]
        self.by_midpoint = fft.complex_buffer(sampling.n_offsets, len(self.chunks), sampling.n_lateral, _CHUNK)
        """(offset, chunk of frequencies, midpoint, frequency); rows that no pair reaches stay zero."""
        self.by_wavenumber = fft.complex_buffer(sampling.n_lateral, 2, (sampling.n_offsets + 1) // 2, n_bins)
        """(lateral wavenumber, parity of the offset, offset // 2, frequency)"""

    def pairs_at(self, offset: int) -> Pairs:
        """All pairs of elements `offset` apart."""
        low = np.arange(self.n_elements - offset)
        return np.stack([low, low + offset], axis=1)

    def pairs_of(self, element: int) -> Pairs:
        """All pairs of one element that the apodization lets through."""
        reach = self.sampling.n_offsets - 1
        other = np.arange(max(element - reach, 0), min(element + reach, self.n_elements - 1) + 1)
        return np.stack([np.minimum(other, element), np.maximum(other, element)], axis=1)


class PairWorkspace:
    """Buffers and transforms of one worker."""

    def __init__(self, spectra: PairSpectra) -> None:
        sampling = spectra.sampling
        self._spectra = spectra
        self._traces = fft.real_buffer(_TRACES, sampling.n_time)
        self._trace_spectra = fft.complex_buffer(_TRACES, sampling.n_time // 2 + 1)
        self._transform_time = fft.plan_real_forward(self._traces, self._trace_spectra)
        self._transform_midpoints = [
            [
                fft.plan_forward(
                    spectra.by_midpoint[h, i, :, : chunk.stop - chunk.start],
                    spectra.by_wavenumber[:, h % 2, h // 2, chunk],
                    axis=0,
                )
                for i, chunk in enumerate(spectra.chunks)
            ]
            for h in range(sampling.n_offsets)
        ]

    def transform_time(self, channels: ChannelData, shot_of: NDArray[np.int64], pairs: Pairs) -> None:
        """Folds the pairs and writes their spectra over time; element e transmitted as channels[shot_of[e]], or not
        at all where that is negative."""
        sampling = self._spectra.sampling
        for first in range(0, len(pairs), _TRACES):
            block = pairs[first : first + _TRACES]
            self._traces[:, channels.shape[2] :] = 0
            _fold(channels, shot_of, block, self._traces)
            self._transform_time()
            _keep_band(self._trace_spectra, sampling.first_bin, sampling.n_bins, block, self._spectra.by_midpoint)

    def transform_midpoints(self, offset: int) -> None:
        """Transforms the pairs `offset` apart over their midpoints."""
        for transform_chunk in self._transform_midpoints[offset]:
            transform_chunk()


@numba.njit(nogil=True, cache=True, boundscheck=False)
def _fold(channels, shot_of, pairs, traces):  # type: ignore[no-untyped-def]
    """traces[i] = d(low, high) + d(high, low); missing transmits count as zero.

    Exchanging transmitter and receiver changes no weight of the image, so both are summed before any transform.
    """
    for i in range(pairs.shape[0]):
        low, high = pairs[i]
        trace = traces[i, : channels.shape[2]]
        forth, back = shot_of[low], shot_of[high] if high != low else -1
        if forth >= 0 and back >= 0:
            a, b = channels[forth, high], channels[back, low]
            for n in range(trace.size):
                trace[n] = np.float32(a[n]) + np.float32(b[n])
        elif forth >= 0 or back >= 0:
            c = channels[forth, high] if forth >= 0 else channels[back, low]
            for n in range(trace.size):
                trace[n] = np.float32(c[n])
        else:
            trace[:] = 0


@numba.njit(nogil=True, cache=True, boundscheck=False)
def _keep_band(trace_spectra, first_bin, n_bins, pairs, by_midpoint):  # type: ignore[no-untyped-def]
    """Each pair's pass band to its row: the midpoint, rounded down to an element."""
    for i in range(pairs.shape[0]):
        low, high = pairs[i]
        offset = high - low
        for chunk in range(by_midpoint.shape[1]):
            row = by_midpoint[offset, chunk, low + offset // 2]
            first = chunk * row.size
            n = min(n_bins - first, row.size)
            row[:n] = trace_spectra[i, first_bin + first : first_bin + first + n]
