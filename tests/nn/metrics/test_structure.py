"""Measures of structure against images whose answer is known."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from sonolucent.beamform import ImageGrid
from sonolucent.nn import metrics
from sonolucent.sim import ANECHOIC_DB

GRID = ImageGrid(x0_m=-10e-3, z0_m=5e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=320, n_x=128)


def steps_db(seed: int = 0) -> np.ndarray:
    """Patches of two levels, 8 dB apart, with sharp borders."""
    field = gaussian_filter(np.random.default_rng(seed).standard_normal(GRID.shape), (16, 6))
    return np.where(field > 0, 0.0, -8.0)


def test_the_error_is_that_at_the_median_level_of_what_echoes() -> None:
    truth = steps_db()
    noise = np.random.default_rng(1).normal(0, 2, GRID.shape)
    assert metrics.rms_error_db(truth - 23 + noise, truth, GRID) == pytest.approx(2, rel=0.02)
    half = truth.copy()
    half[:160] = ANECHOIC_DB  # and the image shows something there
    assert metrics.rms_error_db(truth - 23 + noise, half, GRID) == pytest.approx(2, rel=0.02)
    outliers = np.where(np.random.default_rng(2).random(GRID.shape) < 0.01, 10.0, 0.0)
    assert metrics.rms_error_db(truth - 30 + outliers, truth, GRID) == pytest.approx(1, rel=0.1)


def test_what_the_truth_shows_darker_than_50_db_does_not_count() -> None:
    truth = steps_db()
    truth[:100] -= 35
    image = truth - 20
    image[:100] += 12
    shown, seen = metrics.at_median_level(image, truth)
    assert not seen[:100].any()
    assert seen[100:].all()
    assert shown.min() >= -60
    assert metrics.rms_error_db(image, truth, GRID) == pytest.approx(0, abs=1e-9)


def test_lost_contrast_is_a_slope_and_noise_lost_correlation() -> None:
    truth = steps_db()
    flatter = metrics.structure_fidelity(0.7 * truth - 20, truth, GRID)
    assert flatter.slope == pytest.approx(0.7)
    assert flatter.correlation == pytest.approx(1)
    structure = (gaussian_filter(truth, 2) - gaussian_filter(truth, 16)).std()
    noise = gaussian_filter(np.random.default_rng(3).normal(0, 1, GRID.shape), 2)
    noise *= structure / (gaussian_filter(noise, 2) - gaussian_filter(noise, 16)).std()
    noisy = metrics.structure_fidelity(truth - 20 + noise, truth, GRID)
    assert noisy.slope == pytest.approx(1, abs=0.1)
    assert noisy.correlation == pytest.approx(np.sqrt(0.5), abs=0.05)


def test_what_leaks_into_the_dark_counts_as_neither_error_nor_structure() -> None:
    truth = steps_db()
    truth[150:] = ANECHOIC_DB
    image = (truth - 25).clip(-60, 0)
    image[146:] = np.where(np.arange(146, 320)[:, None] < 170, -28.0, -40.0)  # 0.25 mm of the tissue, and beyond
    assert metrics.rms_error_db(image, truth, GRID) == pytest.approx(0, abs=1e-9)
    fidelity = metrics.structure_fidelity(image, truth, GRID)
    assert fidelity == pytest.approx((1, 1))


@pytest.mark.parametrize("blur_m", [0.1e-3, 0.2e-3, 0.37e-3])
def test_edges_rise_as_those_of_the_blurred_truth(blur_m: float) -> None:
    """Whatever the level, the contrast, and the noise on it."""
    truth = steps_db()
    image = 0.8 * gaussian_filter(truth, (blur_m / GRID.dz_m, blur_m / GRID.dx_m)) - 25
    image += np.random.default_rng(4).normal(0, 1, GRID.shape)
    assert metrics.edges_rise_m(image, truth, GRID) == pytest.approx(2.563 * blur_m, rel=0.07)


def test_truths_that_tell_nothing_are_refused() -> None:
    flat, image = np.zeros(GRID.shape), np.full(GRID.shape, -20.0)
    with pytest.raises(ValueError, match="no edges"):
        metrics.edges_rise_m(image, flat, GRID)
    with pytest.raises(ValueError, match="no structure"):
        metrics.structure_fidelity(image, flat, GRID)
    with pytest.raises(ValueError, match="nothing in the truth echoes"):
        metrics.rms_error_db(image, flat + ANECHOIC_DB, GRID)
    with pytest.raises(ValueError, match="same shape"):
        metrics.rms_error_db(image[1:], flat, GRID)
