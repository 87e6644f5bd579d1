"""Frames that show something new are told from those that show the same tissue again."""

import numpy as np
import pytest

from sonolucent.nn.training.variety import ALIKE, VariedFrames, likeness, speckle_of

from ..speckle import a_grid, speckle

GRID = a_grid(256, 192)


def noisy(image, snr_db, seed):
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, *image.shape))
    level = np.sqrt(np.mean(np.abs(image) ** 2) / 2) * 10 ** (-snr_db / 20)
    return image + level * (noise[0] + 1j * noise[1])


def alike(a, b):
    return likeness(speckle_of(a, GRID), speckle_of(b, GRID))


def test_a_probe_held_still_shows_the_same_under_noise():
    image = speckle(GRID, 1)
    assert alike(image, image) == pytest.approx(1, abs=1e-4)
    assert alike(noisy(image, 20, 2), noisy(image, 20, 3)) > 0.9
    assert alike(noisy(image, 6, 2), noisy(image, 6, 3)) > ALIKE


def test_other_tissue_is_not_alike():
    assert max(alike(speckle(GRID, i), speckle(GRID, i + 10)) for i in range(5)) < ALIKE / 1.5


def test_other_tissue_of_the_same_structure_is_not_alike():
    layers = np.where((np.arange(GRID.n_z) // 40)[:, None] % 2 == 0, 0.0, 15.0) * np.ones(GRID.n_x)
    assert alike(speckle(GRID, 1, layers), speckle(GRID, 2, layers)) < ALIKE


@pytest.mark.parametrize("gain", [1e-6, 1e5])
def test_gain_makes_no_news(gain):
    image = speckle(GRID, 1)
    assert alike(image, gain * image) > 0.99


@pytest.mark.parametrize("shift", [(3, 0), (0, 25), (-20, 40)])
def test_tissue_that_has_moved_is_the_same(shift):
    image = speckle(GRID, 1)
    assert alike(image, np.roll(image, shift, (0, 1))) > 0.7


def test_tissue_that_is_deformed_is_the_same():
    """Its upper half moves up and its lower half down: no shift of the whole fits."""
    image = speckle(GRID, 1)
    half = GRID.n_z // 2
    deformed = np.concatenate([np.roll(image[:half], -8, 0), np.roll(image[half:], 8, 0)])
    assert alike(image, deformed) > 2 * ALIKE


def test_what_is_new_is_kept_and_the_rest_not():
    frames = VariedFrames(GRID)
    places = [speckle(GRID, i) for i in range(3)]
    seen = [noisy(places[i], 30, n) for n, i in enumerate([0, 0, 1, 1, 0, 2, 1])]
    told = [frames.compare(frame) >= ALIKE for frame in seen]
    assert told == [False, True, False, True, True, False, True]
    assert len(frames) == 3


def test_a_stricter_limit_leaves_out_what_was_seen_in_part():
    places = [speckle(GRID, i) for i in range(2)]
    mixed = np.where(np.arange(GRID.n_x) < 0.2 * GRID.n_x, *places)
    kept, refused = (VariedFrames(GRID) for _ in range(2))
    kept.compare(places[0])
    refused.compare(places[0])
    assert 0.1 < kept.compare(mixed) < ALIKE
    refused.compare(mixed, 0.1)
    assert (len(kept), len(refused)) == (2, 1)


def test_a_black_frame_and_one_smaller_than_a_tile_are_compared_too():
    small = a_grid(40, 30)
    frames = VariedFrames(small)
    assert frames.compare(np.zeros(small.shape, complex)) == 0
    frames.compare(speckle(small, 1))
    assert frames.compare(speckle(small, 1)) > ALIKE
