"""The grain of speckle is measured in pixels, whatever tissue shows it, and not guessed where there is none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sonolucent.nn.speckle_grain import SpeckleGrain, measure_grain, median_grain

RANGE_DB = 60.0


def speckle_db(sigmas: tuple[float, float], shape: tuple[int, int] = (620, 256), level_db: object = 0.0) -> np.ndarray:
    """B-mode of complex noise that a Gaussian has smoothed, 30 dB below the ceiling, (n_z, n_x)."""
    rng = np.random.default_rng(3)
    field = gaussian_filter(rng.standard_normal(shape), sigmas) + 1j * gaussian_filter(
        rng.standard_normal(shape), sigmas
    )
    decibels = 20 * np.log10(np.abs(field) / np.sqrt(np.mean(np.abs(field) ** 2))) - 30 + np.asarray(level_db)
    return decibels.clip(-RANGE_DB, 0).astype(np.float32)


@pytest.mark.parametrize("sigmas", [(0.8, 1.5), (1.2, 1.6), (2.4, 3.2), (3.0, 1.0)])
def test_it_is_that_of_the_noise_in_either_direction(sigmas: tuple[float, float]) -> None:
    # The autocorrelation of intensity, and nearly that of amplitude, is exp(-lag^2 / (2 sigma^2)).
    expected = [1.17 * sigma for sigma in sigmas]
    np.testing.assert_allclose(measure_grain(speckle_db(sigmas), RANGE_DB).both, expected, rtol=0.08)


def test_an_image_of_twice_the_pixels_has_twice_the_grain() -> None:
    coarse, fine = (measure_grain(speckle_db((s, 1.5 * s), (620 * s, 256 * s)), RANGE_DB) for s in (1, 2))
    np.testing.assert_allclose(np.divide(fine.both, coarse.both), 2, rtol=0.05)


def test_layers_cysts_and_what_is_clipped_do_not_change_it() -> None:
    plain = measure_grain(speckle_db((1.2, 1.6)), RANGE_DB)
    level_db = np.zeros((620, 256))
    level_db[200:] += 8
    level_db[300:420, 60:130] -= 60
    level_db[:90] += 40
    np.testing.assert_allclose(
        measure_grain(speckle_db((1.2, 1.6), level_db=level_db), RANGE_DB).both, plain.both, 0.06
    )


@pytest.mark.parametrize(
    "image",
    [
        np.full((620, 256), -60.0),
        np.full((620, 256), np.nan),
        np.zeros((620, 256)),
        np.broadcast_to(np.linspace(-50, -10, 256), (620, 256)),
        np.random.default_rng(0).uniform(-60, 0, (620, 256)),
        speckle_db((1.2, 1.6), (40, 33)),
    ],
    ids=["floor", "undefined", "ceiling", "ramp", "no speckle", "small"],
)
def test_where_there_is_too_little_speckle_there_is_none(image: np.ndarray) -> None:
    assert measure_grain(image.astype(np.float32), RANGE_DB) is None


def test_of_many_images_it_is_the_median_of_those_that_tell() -> None:
    images = [np.zeros((620, 256), np.float32), *(speckle_db((s, 1.6)) for s in (1.0, 1.2, 2.0))]
    assert median_grain(images, RANGE_DB).rows == measure_grain(images[2], RANGE_DB).rows
    assert median_grain(images[:1], RANGE_DB) is None


def test_it_is_told_in_pixels() -> None:
    assert str(SpeckleGrain(1.28, 1.793)) == "1.28 x 1.79"
