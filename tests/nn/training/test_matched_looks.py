import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sonolucent.nn.demodulation import carrier_phase, demodulated
from sonolucent.nn.energy_split import EnergySplit, demodulated_spectra, image_of_spectrum, look_masks, shifted_spectrum
from sonolucent.nn.training.frames import TrainingFrame
from sonolucent.nn.training.matched_looks import FREQUENCY_HALVES, QUADRANTS, Looks

from ..speckle import CARRIER_RAD_M, a_grid, speckle

GRID = a_grid()


def plane_wave(k_x, k_z):
    return np.exp(1j * (k_x * GRID.x_m + k_z * GRID.z_m[:, None]))


def correlation(a, b):
    return np.corrcoef(np.abs(a).ravel(), np.abs(b).ravel())[0, 1]


def looks_at(images, split=QUADRANTS, shape=GRID.shape):
    """The complex looks (n_looks, *shape) at each image."""
    spectra = demodulated_spectra(images, GRID)
    masks = look_masks(spectra, split)
    return [np.stack([image_of_spectrum(values * mask, shape) for mask in masks]) for values in spectra]


@pytest.mark.parametrize("k_z", [-30e3, 10e3, CARRIER_RAD_M, 120e3])
def test_the_carrier_is_the_phase_step_from_row_to_row(k_z):
    wave = plane_wave(0, k_z)
    assert np.ptp(np.angle(demodulated(wave, carrier_phase([wave], GRID))[:, 0])) < 1e-6


def test_a_bright_frame_does_not_outweigh_the_others():
    low, high = plane_wave(0, 20e3), plane_wave(0, 24e3)
    np.testing.assert_allclose(np.diff(carrier_phase([1e4 * low, high], GRID)), 22e3 * GRID.dz_m, rtol=1e-6)


def test_the_carrier_follows_attenuation_down():
    """Speckle whose centroid falls by 8 krad/m from top to bottom ends up centred at every depth."""
    depth = np.linspace(0, 1, GRID.n_z)
    chirp = np.exp(-1j * 8e3 * np.cumsum(depth) * GRID.dz_m)[:, None]
    frames = [speckle(GRID, seed) * chirp for seed in range(8)]
    phase = carrier_phase(frames, GRID)
    for half in (slice(0, 60), slice(100, 160)):
        lag = sum(np.vdot(image[half][:-1], image[half][1:]) for image in (demodulated(f, phase) for f in frames))
        assert abs(np.angle(lag)) / GRID.dz_m < 1e3


def test_a_wave_is_in_the_quadrant_of_its_direction_and_frequency():
    directions = [(-4e3, -10e3), (-4e3, 10e3), (4e3, -10e3), (4e3, 10e3)]
    window = np.outer(np.hanning(GRID.n_z), np.hanning(GRID.n_x))
    waves = [window * plane_wave(k_x, CARRIER_RAD_M + k_z) for k_x, k_z in directions]
    for look, wave in enumerate(waves):
        # All four at once tell where to cut; the wave asked about is then the one that is kept.
        phase = carrier_phase([sum(waves)], GRID)
        masks = look_masks([shifted_spectrum(demodulated(sum(waves), phase))], QUADRANTS)
        energy = [np.linalg.norm(shifted_spectrum(demodulated(wave, phase)) * mask) ** 2 for mask in masks]
        assert energy[look] > 0.97 * sum(energy)


@pytest.mark.parametrize("split", [QUADRANTS, FREQUENCY_HALVES, EnergySplit(3, 2), EnergySplit(1, 1)])
def test_the_looks_add_up_to_the_image_and_share_its_energy(split):
    image = speckle(GRID, 0)
    (looks,) = looks_at([image], split)
    assert len(looks) == split.n_looks
    np.testing.assert_allclose(np.abs(looks.sum(axis=0)), np.abs(image), atol=1e-5 * np.abs(image).max())
    energy = np.linalg.norm(looks, axis=(1, 2)) ** 2
    assert energy.min() > 0.6 * energy.max()


@pytest.mark.parametrize("shape", [(320, 192), (240, 144), (201, 113), (160, 96)])
def test_a_resampled_image_covers_the_same_extent(shape):
    """A pulse stays at the same fraction of the image, with the same height."""
    row, column = 64, 36
    image = np.exp(-(((np.arange(160) - row) / 6.0) ** 2))[:, None] * np.exp(-(((np.arange(96) - column) / 6.0) ** 2))
    resampled = np.abs(image_of_spectrum(shifted_spectrum(image.astype(np.complex64)), shape))
    peak = np.unravel_index(resampled.argmax(), shape)
    assert peak[0] / shape[0] == pytest.approx(row / 160, abs=0.6 / shape[0])
    assert peak[1] / shape[1] == pytest.approx(column / 96, abs=0.6 / shape[1])
    assert resampled.max() == pytest.approx(1, abs=0.02)


def test_the_speckle_of_two_quadrants_is_nearly_independent():
    frames = [speckle(GRID, seed) for seed in range(4)]
    looks = looks_at(frames)
    pairs = [(a, b) for a in range(4) for b in range(a)]
    worst = max(np.mean([correlation(look[a], look[b]) for look in looks]) for a, b in pairs)
    assert worst < 0.2


def looks_db(images, grid, split):
    """The looks in dB at every image, (n_images, n_looks, n_rows, n_columns)."""
    return np.stack(list(Looks([TrainingFrame("s", f"image {i}", x) for i, x in enumerate(images)], grid, split)))


def half_width(db, axis):
    """Lag in pixels at which the autocorrelation along `axis` has fallen to a half."""
    power = np.abs(np.fft.fft(db - db.mean(), axis=axis)) ** 2
    fall = np.fft.ifft(power.mean(axis=1 - axis)).real
    return np.interp(-0.5, -fall[:16] / fall[0], np.arange(16))


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("split", [QUADRANTS, FREQUENCY_HALVES])
def test_a_decimated_look_has_the_grain_of_the_whole_image(axis, split):
    frames = [speckle(GRID, seed) for seed in range(8)]
    looks = looks_db(frames, GRID, split)[:, :, :: split.depth, :: split.lateral]
    of_looks = np.mean([half_width(look, axis) for look in looks.reshape(-1, *looks.shape[2:])])
    of_whole = np.mean([half_width(20 * np.log10(np.abs(frame)), axis) for frame in frames])
    assert of_looks == pytest.approx(of_whole, rel=0.1)


def test_looks_have_the_level_of_the_whole_image():
    """Away from the top and bottom, where an image that ends abruptly has more of every frequency."""
    grid = a_grid(480, 96)
    frames = [10 ** (-seed / 20) * speckle(grid, seed) for seed in range(8)]
    looks = looks_db(frames, grid, QUADRANTS)
    assert looks.shape[:2] == (8, 4)
    whole = [20 * np.log10(np.abs(f) / np.quantile(np.abs(f), 0.999)).mean() for f in frames]
    np.testing.assert_allclose(looks[:, :, 120:-120].mean(axis=(0, 2, 3)), np.mean(whole), atol=0.3)


def test_processes_that_share_frames_take_the_looks_that_one_would_take():
    frames = [TrainingFrame("s", f"image {i}", speckle(GRID, i)) for i in range(5)]
    meeting, met = threading.Barrier(2), [None, None]

    def share(number):
        def total(values):
            met[number] = values
            meeting.wait()
            both = met[0] + met[1]
            meeting.wait()
            return both

        return Looks(frames[number::2], GRID, QUADRANTS, total=total)

    with ThreadPoolExecutor(2) as processes:
        first, second = processes.map(share, range(2))
    whole = Looks(frames, GRID, QUADRANTS)
    assert (len(first), len(second)) == (3, 2)
    for shared, frame in zip([*first, *second], [0, 2, 4, 1, 3], strict=True):
        np.testing.assert_allclose(shared, whole[frame], atol=1e-3)


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
        looks_db([speckle(GRID, 1), image], GRID, QUADRANTS)


def test_no_images_is_an_error():
    with pytest.raises(ValueError, match="no frames"):
        looks_db([], GRID, QUADRANTS)
