"""The two-way pulse, and how a train of spikes becomes a trace of echoes."""

from __future__ import annotations

import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, Probe

_OVERSAMPLING = 4
# Spectrum below which a pulse is taken to end; its length follows from it.
_FLOOR = 1e-3


def pulse_spectrum(probe: Probe, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian spectrum of the two-way pulse, centred on t = 0: real, 1 at the centre frequency, and 0.5 (-6 dB) at
    frequencies `fractional_bandwidth * center_frequency_hz` apart."""
    half_width_hz = probe.fractional_bandwidth * probe.center_frequency_hz / 2
    detuning = (frequency_hz - probe.center_frequency_hz) / half_width_hz
    spectrum = np.exp2(-(detuning**2))
    return np.asarray(np.where(spectrum > _FLOOR, spectrum, 0.0), dtype=np.float64)


class PulseShaper:
    """Turns spikes on an oversampled time axis, linearly interpolated second derivatives of echoes, into traces.

    The spike axis begins at t = 0, where nothing can have echoed yet, or at the record's start less a pulse.
    """

    def __init__(self, acquisition: Acquisition) -> None:
        self._acquisition = acquisition
        rate_hz = acquisition.sampling_frequency_hz
        record_end_s = acquisition.initial_time_s + acquisition.n_samples / rate_hz
        n_heard = math.ceil((max(record_end_s, 0.0) + 2 * _pulse_length_s(acquisition.probe)) * rate_hz)
        # A record that begins before t = 0 is silent there; later echoes must not wrap around into it.
        n_silent = math.ceil(max(-acquisition.initial_time_s, 0.0) * rate_hz)
        self._n_trace = scipy.fft.next_fast_len(n_heard + n_silent, real=True)
        self.n_spikes = _OVERSAMPLING * n_heard
        self.spike_rate_hz = _OVERSAMPLING * rate_hz
        self._transfer = self._transfer_function()

    def shape(self, spikes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Traces (n, n_samples) of spikes (n, n_spikes)."""
        spectrum = scipy.fft.rfft(spikes, _OVERSAMPLING * self._n_trace, axis=-1)[:, : self._transfer.size]
        traces = scipy.fft.irfft(spectrum * self._transfer, self._n_trace, axis=-1)
        return np.asarray(traces[:, : self._acquisition.n_samples], dtype=np.float32)

    def _transfer_function(self) -> NDArray[np.complex64]:
        acquisition = self._acquisition
        frequency_hz = np.arange(self._n_trace // 2 + 1) * acquisition.sampling_frequency_hz / self._n_trace
        pulse = pulse_spectrum(acquisition.probe, frequency_hz)
        unit_peak = self._n_trace / (2 * pulse.sum())
        per_spike = frequency_hz / self.spike_rate_hz
        spike_kernel = np.sinc(per_spike) ** 2 * np.maximum(2 * np.pi * per_spike, 1e-9) ** 2
        advance = np.exp(2j * np.pi * frequency_hz * acquisition.initial_time_s)
        return np.asarray(-unit_peak * pulse / spike_kernel * advance, dtype=np.complex64)


def _pulse_length_s(probe: Probe) -> float:
    """Length beyond which the Gaussian pulse is below the floor."""
    return (
        2
        * math.sqrt(-math.log(_FLOOR) * math.log(2))
        / (math.pi * probe.fractional_bandwidth * probe.center_frequency_hz / 2)
    )
