"""Resizing equals MATLAB's `imresize`, by weights computed from its definition."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy import integrate

from sonolucent.nn.super_resolution.blur_kernels import bicubic_kernel
from sonolucent.nn.super_resolution.resize import Kernel, resize, resize_matrix, shrunk

# Keys's cubic by hand, at quarters and eighths: what shrinking by two and enlarging by two and four need.
_HALF = [-3, -9, 29, 111, 111, 29, -9, -3]  # / 256, of eight pixels about the middle of two
_TWICE = [[-9, 111, 29, -3], [-3, 29, 111, -9]]  # / 128


def test_halving_takes_eight_pixels() -> None:
    np.testing.assert_allclose(resize_matrix(16, 0.5)[3, 3:11], np.array(_HALF) / 256, atol=1e-12)
    assert resize_matrix(16, 0.5)[3, [0, 1, 2, 11, 12]].tolist() == [0] * 5


def test_doubling_takes_four_pixels() -> None:
    matrix = resize_matrix(8, 2)
    np.testing.assert_allclose(matrix[7, 2:6], np.array(_TWICE[0]) / 128, atol=1e-12)
    np.testing.assert_allclose(matrix[8, 2:6], np.array(_TWICE[1]) / 128, atol=1e-12)


def _exact_cubic(x: Fraction) -> Fraction:
    d = abs(x)
    if d <= 1:
        return Fraction(3, 2) * d**3 - Fraction(5, 2) * d**2 + 1
    return -Fraction(1, 2) * d**3 + Fraction(5, 2) * d**2 - 4 * d + 2 if d <= 2 else Fraction(0)


@pytest.mark.parametrize(("n", "scale"), [(16, Fraction(1, 2)), (17, Fraction(1, 2)), (20, Fraction(1, 4)), (7, 2)])
def test_every_weight_is_that_of_the_definition(n: int, scale: Fraction) -> None:
    """Pixel by pixel in exact fractions, borders mirrored."""
    shrink = min(Fraction(scale), Fraction(1))
    expected = np.zeros((int(np.ceil(n * scale)), n))
    for i in range(expected.shape[0]):
        place = Fraction(i + 1) / scale + Fraction(1, 2) * (1 - 1 / Fraction(scale))
        weights = {j: shrink * _exact_cubic(shrink * (place - j)) for j in range(1 - 2 * n, 3 * n)}
        total = sum(weights.values())
        for j, weight in weights.items():
            inside = (j - 1) % (2 * n)
            expected[i, inside if inside < n else 2 * n - 1 - inside] += float(weight / total)
    np.testing.assert_allclose(resize_matrix(n, float(scale)), expected, atol=1e-12)


@pytest.mark.parametrize("kernel", ["cubic", "lanczos3"])
@pytest.mark.parametrize("scale", [0.25, 0.5, 2, 4])
def test_flat_stays_flat_and_a_ramp_a_ramp(kernel: Kernel, scale: float) -> None:
    flat = np.full((24, 16), 0.3, np.float32)
    np.testing.assert_allclose(resize(flat, scale, kernel=kernel), 0.3, atol=1e-6)
    ramp = np.tile(np.arange(48, dtype=np.float32), (48, 1))
    shown = resize(ramp, scale, kernel=kernel)[0]
    third = shown.size // 3
    assert (shown[2 * third] - shown[third]) / third == pytest.approx(1 / scale, rel=0.01)


def test_lanczos_is_a_windowed_sinc() -> None:
    x = (np.arange(12) - 5.5) / 2
    expected = np.sinc(x) * np.sinc(x / 3)
    np.testing.assert_allclose(resize_matrix(40, 0.5, "lanczos3")[10, 15:27], expected / expected.sum(), atol=1e-12)
    assert integrate.trapezoid(expected, x) == pytest.approx(1, abs=0.02)


def test_without_antialiasing_the_kernel_stays_narrow() -> None:
    assert np.count_nonzero(resize_matrix(16, 0.5, "cubic", False)[3]) == 4
    assert np.count_nonzero(resize_matrix(16, 0.5)[3]) == 8


def test_a_kernel_shrinks_as_the_bicubic_does_that_it_stands_for() -> None:
    image = np.random.default_rng(0).random((40, 36), np.float32)
    inside = slice(4, -4)
    made = shrunk(image, bicubic_kernel(), 2)
    np.testing.assert_allclose(made[inside, inside], resize(image, 0.5)[inside, inside], atol=1e-6)
