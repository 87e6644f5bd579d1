"""The three ways to low resolution."""

from __future__ import annotations

import numpy as np
import pytest

from sonolucent.nn.super_resolution.degradations import DEGRADATIONS, degrade, diffused, speckled
from sonolucent.nn.super_resolution.resize import resize


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("name", list(DEGRADATIONS))
def test_what_comes_is_small_repeatable_and_of_256_levels(name: str, scale: int) -> None:
    image = np.random.default_rng(0).random((64, 48), np.float32)
    small = degrade(image, name, scale, seed=3)
    assert small.shape == (64 // scale, 48 // scale)
    assert small.dtype == np.float32
    assert small.min() >= 0
    assert small.max() <= 1
    np.testing.assert_allclose(255 * small, np.round(255 * small), atol=1e-4)
    np.testing.assert_array_equal(small, degrade(image, name, scale, seed=3))
    assert (name == "m1") == np.array_equal(small, degrade(image, name, scale, seed=4))


def test_the_first_is_bicubic() -> None:
    image = np.random.default_rng(0).random((64, 48), np.float32)
    np.testing.assert_allclose(degrade(image, "m1", 2), resize(image, 0.5).clip(0, 1), atol=0.51 / 255)


@pytest.mark.parametrize(("name", "variance"), [("m2", 0.05), ("m3", 0.01)])
def test_speckle_has_its_variance(name: str, variance: float) -> None:
    """Relative to flat grey, which neither blur nor diffusion changes."""
    small = degrade(np.full((256, 256), 0.4, np.float32), name, 2)
    assert small.mean() == pytest.approx(0.4, rel=0.01)
    assert (small / 0.4).var() == pytest.approx(variance, rel=0.05)


def test_speckle_is_uniform() -> None:
    noise = speckled(np.full((100, 100), 0.5, np.float32), 0.01, np.random.default_rng(0)) / 0.5 - 1
    assert np.abs(noise).max() == pytest.approx(np.sqrt(0.03), rel=0.01)


def test_diffusion_keeps_the_mean_and_edges_and_smooths_the_rest() -> None:
    image = np.zeros((40, 40), np.float32)
    image[:, 20:] = 0.8
    noisy = image + np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    smooth = diffused(noisy)
    assert smooth.mean() == pytest.approx(noisy.mean(), abs=1e-6)
    assert smooth[:, 19].mean() < 0.05
    assert smooth[:, 20].mean() > 0.75
    assert smooth[:, :18].std() < 0.5 * noisy[:, :18].std()


def test_a_size_that_does_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="30 x 33 pixels does not divide by 2; crop it"):
        degrade(np.zeros((30, 33), np.float32), "m1", 2)
