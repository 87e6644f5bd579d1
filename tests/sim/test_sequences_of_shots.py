"""Channel data of transmit sequences are sums of what single elements would have recorded."""

from dataclasses import replace

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe, TransmitSequence, encode
from sonolucent.sim import simulate

PROBE = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
RATE_HZ = 25e6
TARGETS = {"scatterers_m": np.array([[0.5e-3, 7e-3], [-1e-3, 12e-3]]), "amplitudes": np.array([1.0, -0.6])}
SINGLE = Acquisition(probe=PROBE, tx_elements=range(16), n_samples=700, sampling_frequency_hz=RATE_HZ)


def two_elements(early, late):
    """Elements 3 and 11, delayed by whole samples."""
    delays_s, weights = np.zeros((1, 16)), np.zeros((1, 16))
    delays_s[0, [3, 11]] = np.array([early, late]) / RATE_HZ
    weights[0, [3, 11]] = 1, -0.5
    return TransmitSequence(delays_s, weights)


@pytest.mark.parametrize("first_sample", [0, 200, -50])
@pytest.mark.parametrize(("early", "late"), [(0, 40), (-30, 0), (25, 60)])
def test_shots_are_sums_of_delayed_elements(first_sample, early, late):
    """Echoes that a single element's record would have missed, before its beginning, are there."""
    record = replace(SINGLE, n_samples=300, initial_time_s=first_sample / RATE_HZ)
    acquisition = record.firing(two_elements(early, late))
    shots = simulate(acquisition, **TARGETS)
    long = simulate(replace(SINGLE, initial_time_s=-200 / RATE_HZ, n_samples=900), **TARGETS)
    begin = first_sample + 200
    expected = long[3, :, begin - early :][:, :300] - 0.5 * long[11, :, begin - late :][:, :300]
    assert shots.shape == acquisition.shape == (1, 16, 300)
    assert np.abs(shots[0] - expected).max() < 2e-3 * np.abs(long).max()


def test_noise_is_that_of_the_shots():
    acquisition = SINGLE.firing(TransmitSequence.hadamard(16))
    clean, noisy = simulate(acquisition, **TARGETS), simulate(acquisition, snr_db=10, **TARGETS)
    assert np.std(noisy - clean) == pytest.approx(np.sqrt(np.mean(clean**2) / 10), rel=0.01)


def test_what_moves_is_elsewhere_in_every_shot():
    acquisition = SINGLE.firing(TransmitSequence.plane_waves(PROBE, [0.0, 0.1, -0.1], 1540.0))
    step_m = np.array([0.0, 0.1e-3])
    shots = simulate(acquisition, motion_m_per_shot=step_m, **TARGETS)
    for shot in range(3):
        there = TARGETS["scatterers_m"] + (shot - 1) * step_m
        still = simulate(SINGLE, scatterers_m=there, amplitudes=TARGETS["amplitudes"])
        expected = encode(still, acquisition)[shot]
        assert np.abs(shots[shot] - expected).max() < 2e-3 * np.abs(expected).max()
