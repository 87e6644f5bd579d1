import numpy as np
import pytest

from sonolucent.nn.quadrant import carrier_rad, looks_db, quadrants

from .speckle import CARRIER_RAD_M, a_grid, speckle

GRID = a_grid()


def plane_wave(k_x, k_z):
    return np.exp(1j * (k_x * GRID.x_m + k_z * GRID.z_m[:, None]))


def correlation(a, b):
    return np.corrcoef(np.abs(a).ravel(), np.abs(b).ravel())[0, 1]


@pytest.mark.parametrize("k_z", [-30e3, 10e3, CARRIER_RAD_M, 120e3])
def test_the_carrier_is_the_phase_step_from_row_to_row(k_z):
    step = np.angle(np.exp(1j * k_z * GRID.dz_m))
    assert carrier_rad([plane_wave(0, k_z)]) == pytest.approx(step, abs=1e-6)


def test_a_bright_frame_does_not_outweigh_the_others():
    low, high = plane_wave(0, 20e3), plane_wave(0, 24e3)
    assert carrier_rad([1e4 * low, high]) == pytest.approx(22e3 * GRID.dz_m, rel=1e-6)


@pytest.mark.parametrize(
    ("look", "k_x", "k_z"),
    [(0, -4e3, -10e3), (1, -4e3, 10e3), (2, 4e3, -10e3), (3, 4e3, 10e3)],
)
def test_a_wave_is_in_the_quadrant_of_its_direction_and_frequency(look, k_x, k_z):
    wave = plane_wave(k_x, CARRIER_RAD_M + k_z)
    energy = np.linalg.norm(quadrants(wave, GRID, CARRIER_RAD_M * GRID.dz_m), axis=(1, 2)) ** 2
    assert energy[look] > 0.97 * energy.sum()


def test_the_quadrants_add_up_to_the_image():
    image = speckle(GRID, 0)
    total = quadrants(image, GRID, carrier_rad([image])).sum(axis=0)
    np.testing.assert_allclose(total, image, atol=1e-5 * np.abs(image).max())


def test_the_speckle_of_two_quadrants_is_nearly_independent():
    frames = [speckle(GRID, seed) for seed in range(4)]
    looks = [quadrants(frame, GRID, carrier_rad(frames)) for frame in frames]
    pairs = [(a, b) for a in range(4) for b in range(a)]
    worst = max(np.mean([correlation(look[a], look[b]) for look in looks]) for a, b in pairs)
    assert worst < 0.3


def test_looks_have_the_level_of_the_whole_image():
    frames = [speckle(GRID, seed) for seed in range(8)]
    darker = [10 ** (-seed / 20) * frame for seed, frame in enumerate(frames)]
    looks = looks_db(darker, GRID)
    assert looks.shape == (8, 4, *GRID.shape)
    whole = np.stack([20 * np.log10(np.abs(f) / np.quantile(np.abs(f), 0.999)) for f in frames])
    np.testing.assert_allclose(looks.mean(axis=(0, 2, 3)), whole.mean(), atol=0.3)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.abs(speckle(GRID, 0)), "image 1 is float32, without phase"),
        (speckle(GRID, 0)[:-1], r"image 1 has shape \(159, 96\), the grid \(160, 96\)"),
        (np.zeros(GRID.shape, np.complex64), "image 1 is empty"),
        (np.full(GRID.shape, np.nan, np.complex64), "image 1 is empty or holds NaN"),
    ],
)
def test_images_that_cannot_be_used_are_named(image, message):
    with pytest.raises(ValueError, match=message):
        looks_db([speckle(GRID, 1), image], GRID)


def test_no_images_is_an_error():
    with pytest.raises(ValueError, match="no images"):
        looks_db([], GRID)
