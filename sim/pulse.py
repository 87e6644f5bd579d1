"""The two-way pulse, and how a train of spikes becomes a trace of echoes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.sim.attenuation import Attenuation

_OVERSAMPLING = 4
# Largest error of the filters' interpolation over depth, of the pulse's spectrum.
_TOLERANCE = 1e-3
# Spectrum below which a pulse is taken to end; its length follows from it.
_FLOOR = 1e-3


def pulse_spectrum(probe: Probe, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gaussian spectrum of the two-way pulse, centred on t = 0, at frequencies (n,) in Hz: real, (n,).

    It is 1 at the centre frequency, and 0.5 (-6 dB) at frequencies `fractional_bandwidth * center_frequency_hz` apart.
    """
    half_width_hz = probe.fractional_bandwidth * probe.center_frequency_hz / 2
    detuning = (frequency_hz - probe.center_frequency_hz) / half_width_hz
    spectrum = np.exp2(-(detuning**2))
    return np.asarray(np.where(spectrum > _FLOOR, spectrum, 0.0), dtype=np.float64)


class PulseShaper:
    """Turns spikes on an oversampled time axis, linearly interpolated second derivatives of echoes, into traces.

    The spike axis begins at t = 0, where nothing can have echoed yet, or at the record's start less a pulse.

    Attenuation proportional to frequency is a filter that depends on the way travelled alone, and so on the time in
    the trace: exp(-(f - f_c) E(t)) with E in nepers per hertz; the spikes hold its part at the centre frequency f_c. As
    a function of E it is smooth, and some few filters, interpolated over E, are all of them (in layers it is taken as
    straight down, of depth c t / 2).
    """

    def __init__(self, acquisition: Acquisition, attenuation: Attenuation) -> None:
        self._acquisition = acquisition
        rate_hz = acquisition.sampling_frequency_hz
        record_end_s = acquisition.initial_time_s + acquisition.n_samples / rate_hz
        n_heard = math.ceil((max(record_end_s, 0.0) + 2 * _pulse_length_s(acquisition.probe)) * rate_hz)
        # A record that begins before t = 0 is silent there; later echoes must not wrap around into it.
        n_silent = math.ceil(max(-acquisition.initial_time_s, 0.0) * rate_hz)
        self._n_trace = scipy.fft.next_fast_len(n_heard + n_silent, real=True)
        self.n_spikes = _OVERSAMPLING * n_heard
        self.spike_rate_hz = _OVERSAMPLING * rate_hz
        frequency_hz = np.arange(self._n_trace // 2 + 1) * rate_hz / self._n_trace
        depth_m = acquisition.sound_speed_m_s * acquisition.time_s.clip(min=0) / 2
        neper_hz = 2 * attenuation.neper_hz(depth_m)
        nodes, self._weights = _interpolation(neper_hz, _detuning_hz(acquisition.probe))
        tilt = np.exp(-np.outer(nodes, frequency_hz - acquisition.probe.center_frequency_hz))
        self._transfers = (self._transfer_function(frequency_hz) * tilt).astype(np.complex64)

    def shape(self, spikes: NDArray[np.float32]) -> NDArray[np.float32]:
        """Traces (n, n_samples) of spikes (n, n_spikes)."""
        n_samples = self._acquisition.n_samples
        spectrum = scipy.fft.rfft(spikes, _OVERSAMPLING * self._n_trace, axis=-1)[:, : self._transfers.shape[1]]
        traces = np.zeros((len(spikes), n_samples), np.float32)
        for transfer, weight in zip(self._transfers, self._weights, strict=True):
            traces += weight * scipy.fft.irfft(spectrum * transfer, self._n_trace, axis=-1)[:, :n_samples]
        return traces

    def _transfer_function(self, frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        pulse = pulse_spectrum(self._acquisition.probe, frequency_hz)
        unit_peak = self._n_trace / (2 * pulse.sum())
        per_spike = frequency_hz / self.spike_rate_hz
        spike_kernel = np.sinc(per_spike) ** 2 * np.maximum(2 * np.pi * per_spike, 1e-9) ** 2
        advance = np.exp(2j * np.pi * frequency_hz * self._acquisition.initial_time_s)
        return np.asarray(-unit_peak * pulse / spike_kernel * advance)


def _interpolation(values: NDArray[np.float64], largest_rate: float) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Chebyshev nodes (k,) over `values` >= 0, and weights (k, n) that interpolate exp(-rate * values) between them.

    As many nodes as keep the error for all |rate| <= largest_rate within the tolerance, by its classic bound
    a^k / (2^(k-1) k!) on an interval of half-length a.
    """
    middle = values.max(initial=0) / 2
    reach = middle * largest_rate
    n = next(k for k in itertools.count(1) if reach**k / (2 ** (k - 1) * math.factorial(k)) <= _TOLERANCE)
    nodes = middle * (1 + np.cos(np.pi * (np.arange(n) + 0.5) / n))
    weights = np.ones((n, values.size))
    for i, j in itertools.permutations(range(n), 2):
        weights[i] *= (values - nodes[j]) / (nodes[i] - nodes[j])
    return nodes, weights.astype(np.float32)


def _detuning_hz(probe: Probe) -> float:
    """How far from the centre frequency the pulse's spectrum reaches down to the floor."""
    return probe.fractional_bandwidth * probe.center_frequency_hz / 2 * math.sqrt(-math.log2(_FLOOR))


def _pulse_length_s(probe: Probe) -> float:
    """Length beyond which the Gaussian pulse is below the floor."""
    return (
        2
        * math.sqrt(-math.log(_FLOOR) * math.log(2))
        / (math.pi * probe.fractional_bandwidth * probe.center_frequency_hz / 2)
    )
