"""The image's spectrum and its axes."""

import dataclasses

import numpy as np
import pytest

from sonolucent.beamform import FourierBeamformer, Look, pass_band_hz


@pytest.fixture(scope="module")
def beamformer(acquisition, grid):
    return FourierBeamformer(acquisition, grid, threads=1)


def test_the_spectrum_makes_the_image_again(beamformer, cysts):
    image = beamformer(cysts)
    again = beamformer.image_of(beamformer.spectrum(cysts))
    assert np.abs(again - image).max() < 1e-5 * np.abs(image).max()


def test_the_axes_are_those_of_the_pixels(beamformer, acquisition, grid, wires):
    """The sum over plane waves at single pixels, but for the z / (2 pi) and the steps that belong to the gain."""
    spectrum, image = beamformer.spectrum(wires), beamformer(wires)
    rows, columns = np.array([150, 300, 301, 480]), np.array([20, 100, 128, 230])
    z, x = grid.z_m[rows], grid.x_m[columns]
    sums = np.exp(1j * np.outer(z, spectrum.k_z_rad_m)) @ spectrum.values @ np.exp(1j * np.outer(spectrum.k_x_rad_m, x))
    scaled = image[np.ix_(rows, columns)] / z[:, None]
    factor = np.vdot(sums, scaled) / np.vdot(sums, sums)
    assert abs(np.angle(factor)) < 1e-3
    assert np.abs(scaled - factor * sums).max() < 1e-4 * np.abs(scaled).max()


def test_a_filter_of_the_user_s_makes_a_look(beamformer, cysts):
    (left,) = beamformer.looks(cysts, [Look(k_x_rad_m=(-np.inf, 0.0))])
    spectrum = beamformer.spectrum(cysts)
    ramp = 0.5 - 0.5 * np.sin(np.pi / 2 * np.clip(spectrum.k_x_rad_m / 1500.0, -1, 1))
    filtered = dataclasses.replace(spectrum, values=(spectrum.values * ramp).astype(np.complex64))
    assert np.abs(beamformer.image_of(filtered) - left).max() < 1e-4 * np.abs(left).max()


def test_energy_lies_in_twice_the_pass_band(beamformer, acquisition, cysts):
    spectrum = beamformer.spectrum(cysts)
    power = (np.abs(spectrum.values) ** 2).sum(axis=1)
    low, high = (4 * np.pi * f / acquisition.sound_speed_m_s for f in pass_band_hz(acquisition))
    inside = (spectrum.k_z_rad_m > 0.94 * low) & (spectrum.k_z_rad_m < high)  # waves are up to 18 degrees steep
    assert power[inside].sum() > 0.999 * power.sum()
    assert power[inside].max() > 1e3 * power[~inside].max()


def test_a_spectrum_of_another_grid_is_refused(beamformer, cysts):
    spectrum = beamformer.spectrum(cysts)
    with pytest.raises(ValueError, match="shape"):
        beamformer.image_of(dataclasses.replace(spectrum, values=spectrum.values[1:]))
