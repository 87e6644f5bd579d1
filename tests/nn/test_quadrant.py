import numpy as np
import pytest

from sonolucent.nn.quadrant import DECIMATION, carrier_bin, looks_db, quadrants

from .speckle import CARRIER_RAD_M, a_grid, speckle

GRID = a_grid()


def plane_wave(k_x, k_z):
    return np.exp(1j * (k_x * GRID.x_m + k_z * GRID.z_m[:, None]))


def correlation(a, b):
    return np.corrcoef(np.abs(a).ravel(), np.abs(b).ravel())[0, 1]


def carrier_free(image, carrier):
    return image * np.exp(-2j * np.pi * carrier * np.arange(GRID.n_z) / GRID.n_z)[:, None]


@pytest.mark.parametrize("k_z", [-30e3, 10e3, CARRIER_RAD_M, 120e3])
def test_the_carrier_is_the_phase_step_from_row_to_row(k_z):
    cycles = k_z * GRID.dz_m * GRID.n_z / (2 * np.pi)
    assert (carrier_bin([plane_wave(0, k_z)]) - round(cycles)) % GRID.n_z == 0


def test_a_bright_frame_does_not_outweigh_the_others():
    low, high = plane_wave(0, 20e3), plane_wave(0, 24e3)
    assert carrier_bin([1e4 * low, high]) == carrier_bin([plane_wave(0, 22e3)])


def test_a_wave_is_in_the_quadrant_of_its_direction_and_frequency():
    directions = [(-4e3, -10e3), (-4e3, 10e3), (4e3, -10e3), (4e3, 10e3)]
    waves = [plane_wave(k_x, CARRIER_RAD_M + k_z) for k_x, k_z in directions]
    carrier = carrier_bin([plane_wave(0, CARRIER_RAD_M)])
    for look, wave in enumerate(waves):
        # The strong wave is asked about; the weak others give the image the bandwidth of a real one.
        energy = np.linalg.norm(quadrants(wave + 0.05 * sum(waves), carrier, GRID.shape), axis=(1, 2)) ** 2
        assert energy[look] > 0.97 * energy.sum()


def test_the_quadrants_add_up_to_the_image():
    image = speckle(GRID, 0)
    carrier = carrier_bin([image])
    total = quadrants(image, carrier, GRID.shape).sum(axis=0)
    np.testing.assert_allclose(total, carrier_free(image, carrier), atol=1e-5 * np.abs(image).max())


@pytest.mark.parametrize("shape", [(320, 192), (240, 144), (201, 113), (160, 96)])
def test_resampled_quadrants_cover_the_same_extent(shape):
    """A pulse stays at the same fraction of the image, with the same height."""
    row, column = 64, 36
    image = np.exp(-(((np.arange(160) - row) / 6.0) ** 2))[:, None] * np.exp(-(((np.arange(96) - column) / 6.0) ** 2))
    total = np.abs(quadrants(image.astype(np.complex64), 0, shape).sum(axis=0))
    peak = np.unravel_index(total.argmax(), shape)
    assert peak[0] / shape[0] == pytest.approx(row / 160, abs=0.6 / shape[0])
    assert peak[1] / shape[1] == pytest.approx(column / 96, abs=0.6 / shape[1])
    assert total.max() == pytest.approx(1, abs=0.02)


def test_the_speckle_of_two_quadrants_is_nearly_independent():
    frames = [speckle(GRID, seed) for seed in range(4)]
    looks = [quadrants(frame, carrier_bin(frames), GRID.shape) for frame in frames]
    pairs = [(a, b) for a in range(4) for b in range(a)]
    worst = max(np.mean([correlation(look[a], look[b]) for look in looks]) for a, b in pairs)
    assert worst < 0.2


def half_width(db, axis):
    """Lag in pixels at which the autocorrelation along `axis` has fallen to a half."""
    power = np.abs(np.fft.fft(db - db.mean(), axis=axis)) ** 2
    fall = np.fft.ifft(power.mean(axis=1 - axis)).real
    return np.interp(-0.5, -fall[:16] / fall[0], np.arange(16))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_decimated_look_has_the_grain_of_the_whole_image(axis):
    frames = [speckle(GRID, seed) for seed in range(8)]
    looks = looks_db(frames, GRID)[:, :, ::DECIMATION, ::DECIMATION]
    of_looks = np.mean([half_width(look, axis) for look in looks.reshape(-1, *looks.shape[2:])])
    of_whole = np.mean([half_width(20 * np.log10(np.abs(frame)), axis) for frame in frames])
    assert of_looks == pytest.approx(of_whole, rel=0.1)


def test_looks_have_the_level_of_the_whole_image():
    frames = [10 ** (-seed / 20) * speckle(GRID, seed) for seed in range(8)]
    looks = looks_db(frames, GRID)
    assert looks.shape[:2] == (8, 4)
    whole = [20 * np.log10(np.abs(f) / np.quantile(np.abs(f), 0.999)).mean() for f in frames]
    np.testing.assert_allclose(looks.mean(axis=(0, 2, 3)), np.mean(whole), atol=0.3)


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
