"""A wire at 20 mm as any scanner records it, and where it lies in what was read."""

from __future__ import annotations

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, Probe, TransmitSequence
from sonolucent.sim import simulate
from sonolucent.stream import AnyRecording

PROBE = Probe.linear(
    n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6, fractional_bandwidth=0.6
)
X_M = PROBE.element_x_m
C_M_S = 1500.0
FS_HZ = 40e6
WIRE_M = (0.4e-3, 20e-3)
N_SAMPLES = 1200

SINGLE = (np.zeros((16, 16)), np.eye(16))
"""Delays and weights of single elements, (n_tx, n_el)."""
ANGLES_RAD = np.deg2rad([-10.0, 0.0, 7.5])
SOURCES_M = np.array([(-2e-3, -6e-3), (0.5e-3, -8e-3)])


def plane_delays_s() -> NDArray[np.float64]:
    """On a clock that starts when each wave passes the origin."""
    return np.sin(ANGLES_RAD)[:, np.newaxis] * X_M / C_M_S


def diverging_delays_s() -> NDArray[np.float64]:
    """On a clock that starts when each wave passes the origin."""
    return (np.hypot(X_M - SOURCES_M[:, :1], SOURCES_M[:, 1:]) - np.hypot(*SOURCES_M.T)[:, np.newaxis]) / C_M_S


def recorded(
    delays_s: NDArray[np.float64], weights: NDArray[np.float64], first_sample_s: object, n_samples: int = N_SAMPLES
) -> NDArray[np.float32]:
    """What is recorded when the centres of pulses leave the elements at these times and each shot's first sample is
    taken at that time of the same clock, (n_tx, n_rx, n_samples): every element is simulated alone."""
    starts_s = np.broadcast_to(np.asarray(first_sample_s, float), (len(delays_s),))
    shots = np.zeros((len(delays_s), 16, n_samples))
    for shot, (delay_s, weight, start_s) in enumerate(zip(delays_s, weights, starts_s, strict=True)):
        for element in np.flatnonzero(weight):
            alone = Acquisition(PROBE, (int(element),), n_samples, FS_HZ, start_s - delay_s[element], C_M_S)
            echo = simulate(alone, scatterers_m=np.array([WIRE_M]), amplitudes=np.ones(1))
            shots[shot] += weight[element] * echo[0]
    return shots.astype(np.float32)


def depth_error_m(recording: AnyRecording) -> float:
    """By how much the wire of a recording's last frame lies too deep: the adjoint of what was fired, along z."""
    acquisition = recording.acquisition
    frame = recording[len(recording) - 1]
    analytic = frame if np.iscomplexobj(frame) else scipy.signal.hilbert(frame.astype(float), axis=-1)
    z_m = WIRE_M[1] + np.arange(-60, 61) * 5e-6
    legs_s = np.hypot(X_M[:, np.newaxis] - WIRE_M[0], z_m) / acquisition.sound_speed_m_s
    delays_s, weights = fired(acquisition)
    image = np.zeros(len(z_m), complex)
    omega = 2 * np.pi * acquisition.demodulation_frequency_hz
    for shot, element in np.argwhere(weights):
        arrival_s = delays_s[shot, element] + legs_s[element] + legs_s
        places = (arrival_s - acquisition.initial_time_s) * acquisition.sampling_frequency_hz
        for trace, place, at_s in zip(analytic[shot], places, arrival_s, strict=True):
            image += weights[shot, element] * _interpolated(trace, place) * np.exp(1j * omega * at_s)
    envelope = np.abs(image)
    peak = int(envelope[1:-1].argmax()) + 1
    before, at, after = envelope[peak - 1 : peak + 2]
    return float(z_m[peak] - WIRE_M[1] + 5e-6 * 0.5 * (before - after) / (before - 2 * at + after))


def fired(acquisition: Acquisition) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Delays and weights of an acquisition, (n_tx, n_el)."""
    if acquisition.sequence is not None:
        return acquisition.sequence.delays_s, acquisition.sequence.apodization
    weights = np.eye(16)[list(acquisition.tx_elements)]
    return np.zeros_like(weights), weights


def _interpolated(trace: NDArray[np.complex128], place: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Values between samples by a windowed sinc of 16 taps."""
    first = np.floor(place).astype(int)[:, np.newaxis] + np.arange(-7, 9)
    away = place[:, np.newaxis] - first
    taps = np.sinc(away) * np.cos(np.pi * away / 17) ** 2
    inside = (first >= 0) & (first < len(trace))
    return (trace[np.clip(first, 0, len(trace) - 1)] * taps * inside).sum(axis=1)


WITHIN_M = 0.02e-3
FC_HZ = PROBE.center_frequency_hz
ONE_START_S = {"zero": 0.0, "-2 us": -2e-6, "+20 us": 20e-6, "fractional": 1.23456e-6}
STARTS_S = {
    **ONE_START_S,
    "whole samples apart": np.arange(16) / FS_HZ,
    "different": 1e-6 + np.linspace(0, 1e-6, 16),
}
Sequence = tuple[NDArray[np.float64], NDArray[np.float64]]
SEQUENCES: dict[str, Sequence] = {
    "plane": (plane_delays_s(), np.ones((3, 16))),
    "diverging": (diverging_delays_s(), np.ones((2, 16))),
    "hadamard-like": (np.zeros((2, 16)), np.stack([np.ones(16), np.resize([1.0, -1.0], 16)])),
}


def acquisition_of(sequence: Sequence | None, initial_time_s: float, n_samples: int = N_SAMPLES) -> Acquisition:
    fires = None if sequence is None else TransmitSequence(*sequence)
    return Acquisition(PROBE, range(16), n_samples, FS_HZ, initial_time_s, C_M_S, sequence=fires)
