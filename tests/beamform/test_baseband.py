"""Complex baseband data make the image of the RF data they were made from."""

import dataclasses

import numpy as np
import pytest

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    DelayAndSum,
    FourierBeamformer,
    ImageGrid,
    Probe,
    SequenceDecoder,
    TransmitSequence,
    to_baseband,
)
from sonolucent.sim import simulate

PROBE = Probe.linear(n_elements=24, pitch_m=0.4e-3, element_width_m=0.35e-3, center_frequency_hz=5e6)
RF = Acquisition(PROBE, range(24), n_samples=1024, sampling_frequency_hz=30e6, initial_time_s=1.3e-6)
GRID = ImageGrid.linear(x_m=(-4e-3, 4e-3), z_m=(4e-3, 20e-3), shape=(260, 81))


@pytest.fixture(scope="module")
def channels():
    rng = np.random.default_rng(2)
    scatterers = np.stack([rng.uniform(-4e-3, 4e-3, 60), rng.uniform(4e-3, 19e-3, 60)], axis=1)
    return simulate(RF, scatterers_m=scatterers, amplitudes=rng.standard_normal(60))


def correlation(a, b):
    return abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b))


def test_the_fourier_image_is_that_of_the_rf_data(channels):
    baseband, acquisition = to_baseband(channels, RF, decimation=2)
    assert baseband.shape == (24, 24, 512)
    image = FourierBeamformer(RF, GRID, threads=1)(channels)
    demodulated = FourierBeamformer(acquisition, GRID, threads=1)
    assert np.abs(demodulated(baseband) - image).max() < 5e-3 * np.abs(image).max()
    for t in np.random.default_rng(0).permutation(24):
        demodulated.push(baseband[t], int(t))
    assert np.abs(demodulated.image() - image).max() < 5e-3 * np.abs(image).max()


def test_delay_and_sum_s_image_is_that_of_the_rf_data(channels):
    baseband, acquisition = to_baseband(channels, RF, decimation=2)
    taper = AngleTaper(max_angle_rad=0.3)
    image = DelayAndSum(RF, GRID, apodization=taper)(channels)
    demodulated = DelayAndSum(acquisition, GRID, apodization=taper)(baseband)
    assert correlation(demodulated, image) > 0.9999
    assert np.abs(demodulated).max() == pytest.approx(np.abs(image).max(), rel=0.01)


def test_samples_of_the_wrong_kind_are_refused(channels):
    baseband, acquisition = to_baseband(channels, RF, decimation=2)
    with pytest.raises(TypeError, match=r"int16 or float32.*demodulation_frequency_hz"):
        FourierBeamformer(RF, GRID, threads=1)(np.ascontiguousarray(channels).astype(np.complex64))
    with pytest.raises(TypeError, match="complex64"):
        FourierBeamformer(acquisition, GRID, threads=1)(np.ascontiguousarray(baseband.real))
    with pytest.raises(ValueError, match="real samples"):
        SequenceDecoder(dataclasses.replace(acquisition, sequence=TransmitSequence(np.zeros((24, 24)), np.eye(24))))


def test_a_pass_band_that_does_not_fit_is_refused(channels):
    with pytest.raises(ValueError, match="smaller"):
        to_baseband(channels, RF, decimation=8)
    with pytest.raises(ValueError, match="divided"):
        to_baseband(channels, RF, decimation=3)
    with pytest.raises(ValueError, match="demodulation_frequency_hz"):
        dataclasses.replace(RF, demodulation_frequency_hz=-1.0)
