import numpy as np
import pytest

from sonolucent.beamform import Acquisition
from sonolucent.sim import digitize, pulse_spectrum, simulate

ACQUISITION = Acquisition(n_samples=1024)


def born_echo(acquisition, tx, rx, x_m, z_m, n_parts=64):
    """The echo by a sum over element parts in the frequency domain: an independent reference."""
    n = 8192
    frequency = np.arange(n // 2 + 1) * acquisition.sampling_frequency_hz / n
    pulse = pulse_spectrum(acquisition.probe, frequency)
    part_x = ((np.arange(n_parts) + 0.5) / n_parts - 0.5) * acquisition.probe.element_width_m

    def leg(element):
        distance = np.hypot(acquisition.probe.element_x_m[element] + part_x - x_m, z_m)
        wave = np.exp(-2j * np.pi * frequency[:, None] * distance / acquisition.sound_speed_m_s)
        return (wave * np.sqrt(20e-3 / distance)).mean(axis=1)

    spectrum = pulse * leg(tx) * leg(rx) * np.exp(2j * np.pi * frequency * acquisition.initial_time_s)
    return np.fft.irfft(spectrum * n / (2 * pulse.sum()))[: acquisition.n_samples]


@pytest.mark.parametrize("initial_time_s", [0.0, 2.345e-6, -1.1e-6])
def test_echoes_match_a_frequency_domain_reference(initial_time_s):
    acquisition = Acquisition(n_samples=1024, initial_time_s=initial_time_s)
    x_m, z_m = 1.1e-3, 15e-3
    channels = simulate(acquisition, scatterers_m=np.array([[x_m, z_m]]), amplitudes=np.ones(1))
    peak = np.abs(channels).max()
    for tx, rx in [(33, 34), (30, 40), (20, 35), (25, 45)]:
        assert np.abs(channels[tx, rx] - born_echo(acquisition, tx, rx, x_m, z_m)).max() < 0.02 * peak


@pytest.mark.parametrize("early", [59, 900, 2000])
def test_a_record_that_begins_early_holds_silence_then_the_same_echoes(early):
    """The last scatterer echoes after the record's end, and must not come back before its beginning."""
    targets = {"scatterers_m": np.array([[0.3e-3, 12e-3], [0.0, 20.9e-3]]), "amplitudes": np.ones(2)}
    record = simulate(ACQUISITION, **targets)
    shifted = Acquisition(n_samples=1024, initial_time_s=-early / ACQUISITION.sampling_frequency_hz)
    channels = simulate(shifted, **targets)
    assert channels.shape == record.shape
    assert np.abs(channels[..., :early]).max() < 1e-3 * np.abs(record).max()
    assert (
        np.abs(channels[..., early:] - record[..., : max(1024 - early, 0)]).max(initial=0) < 1e-3 * np.abs(record).max()
    )


def test_a_unit_scatterer_at_twenty_millimetres_echoes_with_a_peak_of_one():
    acquisition = Acquisition()
    before = acquisition.probe.element_x_m[31]
    channels = simulate(acquisition, scatterers_m=np.array([[before, 20e-3]]), amplitudes=np.ones(1))
    assert np.abs(channels[31, 31]).max() == pytest.approx(1, rel=0.03)


def test_echoes_add_up_and_obey_reciprocity():
    rng = np.random.default_rng(3)
    positions = np.stack([rng.uniform(-0.02, 0.02, 50), rng.uniform(2e-3, 18e-3, 50)], axis=1)
    amplitudes = rng.standard_normal(50)
    whole = simulate(ACQUISITION, scatterers_m=positions, amplitudes=amplitudes)
    parts = sum(
        simulate(ACQUISITION, scatterers_m=positions[half], amplitudes=amplitudes[half])
        for half in (slice(0, 25), slice(25, 50))
    )
    assert np.abs(whole - parts).max() < 1e-4 * np.abs(whole).max()
    assert np.array_equal(whole, whole.transpose(1, 0, 2))


def test_part_of_the_transmits_gives_part_of_the_data():
    positions, amplitudes = np.array([[0.3e-3, 9e-3], [-4e-3, 12e-3]]), np.array([1.0, -0.5])
    whole = simulate(ACQUISITION, scatterers_m=positions, amplitudes=amplitudes)
    part = simulate(Acquisition(n_samples=1024, tx_elements=(40, 3)), scatterers_m=positions, amplitudes=amplitudes)
    assert part == pytest.approx(whole[[40, 3]], abs=1e-6)


def test_noise_has_the_stated_level_and_follows_the_seed():
    target = {"scatterers_m": np.array([[0.0, 10e-3]]), "amplitudes": np.ones(1)}
    clean = simulate(ACQUISITION, **target)
    noisy, again, other = (simulate(ACQUISITION, **target, snr_db=20, seed=s) for s in (5, 5, 6))
    assert np.array_equal(noisy, again)
    assert not np.array_equal(noisy, other)
    assert 20 * np.log10(clean.std() / (noisy - clean).std()) == pytest.approx(20, abs=0.2)


def test_digitizing_keeps_the_gain_it_is_told():
    channels = np.array([[[0.5, -2.0, 1.0]]], np.float32)
    assert digitize(channels, full_scale=1.0).tolist() == [[[16384, -32767, 32767]]]
    assert np.abs(digitize(channels)).max() == 32767
    with pytest.raises(ValueError, match="full_scale"):
        digitize(channels, full_scale=0)


@pytest.mark.parametrize(
    ("positions", "amplitudes", "message"),
    [
        (np.zeros((2, 3)), np.ones(2), r"\(n, 2\)"),
        (np.ones((2, 2)), np.ones(3), r"\(n, 2\)"),
        (np.array([[0.0, -1e-3]]), np.ones(1), "before the array"),
        (np.array([[0.0, np.nan]]), np.ones(1), "finite"),
    ],
)
def test_impossible_scatterers_are_refused(positions, amplitudes, message):
    with pytest.raises(ValueError, match=message):
        simulate(ACQUISITION, scatterers_m=positions, amplitudes=amplitudes)


def test_an_acquisition_at_baseband_is_refused():
    baseband = Acquisition(n_samples=256, sampling_frequency_hz=9.375e6, demodulation_frequency_hz=7.5e6)
    with pytest.raises(ValueError, match="simulate"):
        simulate(baseband, scatterers_m=np.array([[0.0, 10e-3]]), amplitudes=np.ones(1))
