"""Kernels that images were shrunk by: those of the linear network, and those of the quarter."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import torch
from dead_leaves import dead_leaves

from sonolucent.nn import FitError, Fitting
from sonolucent.nn.super_resolution import for_four, found_kernel, gaussian_kernel, kernel_correlation, shrunk
from sonolucent.nn.super_resolution.blur_kernels import (
    SIZE,
    bicubic_kernel,
    centred,
    cleaned,
    cropped_for_four,
)
from sonolucent.nn.super_resolution.kernel_gan import KERNEL_GAN, KernelGenerator, KernelLearner, kernel_loss
from sonolucent.nn.super_resolution.mcgill_kernel import UNCONSTRAINED


def test_the_generator_does_what_its_kernel_says() -> None:
    torch.manual_seed(0)
    for spectral in (False, True):
        generator = KernelGenerator(spectral).eval()
        image = np.random.default_rng(0).random((40, 40), np.float32)
        with torch.inference_mode():
            kernel = generator.kernel().numpy()
            made = generator(torch.from_numpy(image)[None, None])[0, 0].numpy()
        margin = SIZE // 2
        expected = scipy.ndimage.correlate(image.astype(np.float64), kernel)[margin:-margin:2, margin:-margin:2]
        np.testing.assert_allclose(made, expected, atol=1e-4 * np.abs(expected).max())


def test_weights_that_pass_one_pixel_on_decimate() -> None:
    generator = KernelGenerator()
    for conv in generator.layers:
        torch.nn.init.zeros_(conv.weight)
        conv.weight.data[0, 0, conv.weight.shape[2] // 2, conv.weight.shape[3] // 2] = 1
    image = torch.rand(1, 1, 32, 32)
    torch.testing.assert_close(generator(image), image[:, :, 6:-6:2, 6:-6:2])


def test_a_quarter_is_two_halves() -> None:
    kernel = gaussian_kernel((2.0, 1.2), 0.4)
    image = np.random.default_rng(0).random((160, 160), np.float32)
    twice = shrunk(shrunk(image, kernel, 2), kernel, 2)
    inside = slice(8, -8)
    once = scipy.ndimage.correlate(image.astype(np.float64), for_four(kernel), mode="mirror", origin=0)
    # K4 has its origin where k's are: 6 + 2 * 6 of 37, its very middle.
    np.testing.assert_allclose(once[::4, ::4][inside, inside], twice[inside, inside], atol=1e-6)
    assert for_four(kernel).shape == (37, 37)
    assert cropped_for_four(kernel).shape == (25, 25)
    assert cropped_for_four(kernel).sum() == pytest.approx(1)


def test_cleaned_kernels_sum_to_one_and_lie_in_the_middle() -> None:
    noisy = gaussian_kernel((1.5, 1.0)) + np.random.default_rng(0).normal(0, 1e-3, (SIZE, SIZE))
    clean = cleaned(np.roll(noisy, (1, -2), (0, 1)))
    assert clean.sum() == pytest.approx(1)
    assert clean.min() >= 0
    assert scipy.ndimage.center_of_mass(clean) == pytest.approx((6.5, 6.5), abs=0.05)
    assert scipy.ndimage.center_of_mass(centred(noisy.clip(0))) == pytest.approx((6.5, 6.5), abs=0.1)
    assert kernel_correlation(clean, gaussian_kernel((1.5, 1.0))) > 0.97


def test_the_constraints_prefer_what_looks_like_a_kernel() -> None:
    """A sum of one, the middle, and fewer weights."""

    def loss(kernel: np.ndarray) -> float:
        return kernel_loss(torch.from_numpy(kernel), shaped=True).item()

    good = gaussian_kernel((0.8, 0.8))
    assert loss(good) < loss(2 * good)
    assert loss(good) < loss(np.roll(good, 2, axis=0))
    assert loss(good) < loss(gaussian_kernel((2.5, 2.5)))


@pytest.mark.parametrize("adversary", [KERNEL_GAN, UNCONSTRAINED])
def test_what_is_learnt_is_what_is_read(adversary) -> None:
    """The kernel comes of the very generator that was trained."""
    image = dead_leaves(100)
    learner = KernelLearner([image], adversary, Fitting(steps=3))
    before = learner.kernel()
    for number in range(3):
        learner.step(number, np.random.default_rng(number))
    assert np.abs(learner.kernel() - before).max() > 1e-6


def test_at_first_the_generator_learns_the_bicubic() -> None:
    image = dead_leaves(128, seed=2)
    learner = KernelLearner([image], KERNEL_GAN, Fitting())
    for number in range(30):
        learner.step(number, np.random.default_rng(number))
    assert learner.kernel().sum() == pytest.approx(1, abs=0.3)
    assert kernel_correlation(cleaned(learner.kernel()), bicubic_kernel()) > 0.6


def test_small_images_are_refused() -> None:
    with pytest.raises(FitError, match="64 x 64 pixels at least; the image has 50"):
        found_kernel([np.zeros((50, 90), np.float32)], Fitting(steps=1))
