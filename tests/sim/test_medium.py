"""Attenuation, aberration and motion against closed forms and against media without them."""

import math

import numpy as np
import pytest
from scipy.signal import hilbert

from sonolucent.beamform import Acquisition, Probe
from sonolucent.sim import PhaseScreen, simulate

ACQUISITION = Acquisition()
ELEMENT = 31
NEPER_PER_DB = math.log(10) / 20
# Standard deviation of the reference pulse's Gaussian spectrum, -6 dB at 2.25 MHz from its centre.
SIGMA_MHZ = 2.25 / math.sqrt(2 * math.log(2))


def echo(depth_m, **medium):
    """The echo of a point before an element, received by that element."""
    at = np.array([[ACQUISITION.probe.element_x_m[ELEMENT], depth_m]])
    transmit = Acquisition(tx_elements=(ELEMENT,))
    return simulate(transmit, scatterers_m=at, amplitudes=np.ones(1), **medium)[0, ELEMENT]


def centroid_mhz(trace):
    power = np.abs(np.fft.rfft(trace)) ** 2
    return np.sum(np.fft.rfftfreq(trace.size, 1 / 37.5) * power) / power.sum()


@pytest.mark.parametrize("depth_m", [5e-3, 20e-3, 38e-3])
@pytest.mark.parametrize("db_cm_mhz", [0.5, 1.0])
def test_attenuation_weakens_a_gaussian_pulse_and_lowers_its_frequency(depth_m, db_cm_mhz):
    """exp(-b (f - f_c)) times a Gaussian spectrum is another, lower by b sigma^2 and higher by exp(b^2 sigma^2 / 2)."""
    clear, cloudy = echo(depth_m), echo(depth_m, attenuation_db_cm_mhz=db_cm_mhz)
    loss_db_mhz = db_cm_mhz * 2 * depth_m * 100
    b = loss_db_mhz * NEPER_PER_DB
    peak_db = 20 * np.log10(np.abs(hilbert(cloudy)).max() / np.abs(hilbert(clear)).max())
    assert peak_db == pytest.approx(-7.5 * loss_db_mhz + (b * SIGMA_MHZ) ** 2 / 2 / NEPER_PER_DB, abs=0.15)
    assert centroid_mhz(clear) - centroid_mhz(cloudy) == pytest.approx(b * SIGMA_MHZ**2, rel=0.03, abs=0.02)


def test_layers_attenuate_by_what_lies_above():
    layered = [(0.0, 0.2), (10e-3, 0.8)]
    mean = (0.2 * 10 + 0.8 * 20) / 30
    assert echo(8e-3, attenuation_db_cm_mhz=layered) == pytest.approx(echo(8e-3, attenuation_db_cm_mhz=0.2), abs=2e-3)
    deep, same = echo(30e-3, attenuation_db_cm_mhz=layered), echo(30e-3, attenuation_db_cm_mhz=mean)
    assert np.abs(deep - same).max() < 0.01 * np.abs(same).max()


@pytest.mark.parametrize(
    ("layers", "message"),
    [(-0.1, "0 or positive"), ([(0.0, np.nan)], "0 or positive"), ([(1e-3, 0.5)], "begin at depth 0"), ([], "depth 0")],
)
def test_impossible_attenuation_is_refused(layers, message):
    with pytest.raises(ValueError, match=message):
        echo(10e-3, attenuation_db_cm_mhz=layers)


def test_a_screen_delays_and_weakens_each_element_twice():
    delay_s, gain = np.zeros(64), np.ones(64)
    delay_s[ELEMENT], gain[ELEMENT] = 3 / ACQUISITION.sampling_frequency_hz, 0.5
    screened = echo(12e-3, screen=PhaseScreen(delay_s, gain))
    assert screened[6:] == pytest.approx(0.25 * echo(12e-3)[:-6], abs=1e-4)


def test_a_random_screen_has_the_strength_and_correlation_it_claims():
    probe = Probe.linear(n_elements=1024, pitch_m=0.625e-3, element_width_m=0.575e-3, center_frequency_hz=7.5e6)
    screens = [PhaseScreen.random(probe, delay_rms_s=30e-9, gain_rms_db=2, seed=seed) for seed in range(20)]
    delays = np.array([screen.delay_s for screen in screens])
    assert delays.std(axis=1) == pytest.approx(30e-9)
    assert np.array([20 * np.log10(screen.gain).std() for screen in screens]) == pytest.approx(2)
    four_elements = np.mean(delays[:, 4:] * delays[:, :-4]) / np.mean(delays**2)
    assert four_elements == pytest.approx(math.exp(-0.5), abs=0.05)
    assert np.array_equal(delays[7], PhaseScreen.random(probe, delay_rms_s=30e-9, seed=7).delay_s)


def test_screens_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="32 elements"):
        echo(12e-3, screen=PhaseScreen(np.zeros(32), np.ones(32)))
    with pytest.raises(ValueError, match="n_elements"):
        PhaseScreen(np.zeros(3), np.ones(4))
    with pytest.raises(ValueError, match="finite"):
        PhaseScreen(np.full(3, np.nan), np.ones(3))


SCATTERERS = {
    "scatterers_m": np.random.default_rng(1).uniform((-10e-3, 5e-3), (10e-3, 15e-3), (20, 2)),
    "amplitudes": np.random.default_rng(2).standard_normal(20),
}


def test_still_scatterers_are_the_same_with_and_without_motion():
    acquisition = Acquisition(tx_elements=(3, 30, 60), n_samples=900)
    still = simulate(acquisition, **SCATTERERS)
    moving = simulate(acquisition, **SCATTERERS, motion_m_per_shot=(0.0, 0.0))
    assert moving == pytest.approx(still, abs=1e-5)


def test_each_shot_sees_scatterers_where_they_have_moved_to():
    acquisition = Acquisition(tx_elements=(3, 30, 60), n_samples=900)
    motion = np.random.default_rng(3).uniform(-0.3e-3, 0.3e-3, (20, 2))
    channels = simulate(acquisition, **SCATTERERS, motion_m_per_shot=motion)
    for shot in range(3):
        there = SCATTERERS | {"scatterers_m": SCATTERERS["scatterers_m"] + (shot - 1) * motion}
        assert channels[shot] == pytest.approx(simulate(acquisition, **there)[shot], abs=1e-5)


@pytest.mark.parametrize(
    ("motion", "message"), [(np.zeros(3), r"\(2,\)"), ((np.nan, 0), "finite"), ((0.0, -1e-3), "behind the array")]
)
def test_impossible_motion_is_refused(motion, message):
    with pytest.raises(ValueError, match=message):
        simulate(ACQUISITION, **SCATTERERS, motion_m_per_shot=motion)
