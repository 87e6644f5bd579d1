"""Images on other pixels show the same, at the same places."""

import numpy as np
import pytest

from sonolucent.nn.inference.resampling import Resampler

SHAPE = (90, 70)


def a_smooth_image(shape: tuple[int, int]) -> np.ndarray:
    """The same few waves on any pixels: amplitudes 0.04..0.18, in dB."""
    z, x = ((np.arange(n) + 0.5) / n for n in shape)
    amplitude = 0.11 + 0.07 * np.cos(2 * np.pi * 3 * z)[:, None] * np.cos(2 * np.pi * 4 * x)
    return (20 * np.log10(amplitude)).astype(np.float32)


@pytest.mark.parametrize("inner", [(45, 70), (64, 100), (180, 140), (90, 35)])
def test_a_smooth_image_is_the_same_on_other_pixels_and_back(inner: tuple[int, int]) -> None:
    resampler = Resampler(SHAPE, inner, 60.0)
    there, back = np.empty(inner, np.float32), np.empty(SHAPE, np.float32)
    resampler.there(a_smooth_image(SHAPE), there)
    np.testing.assert_allclose(there, a_smooth_image(inner), atol=0.35)
    resampler.back(there, back)
    np.testing.assert_allclose(back, a_smooth_image(SHAPE), atol=0.5)


def test_the_same_pixels_are_left_as_they_are() -> None:
    resampler, image = Resampler(SHAPE, SHAPE, 60.0), np.random.default_rng(0).uniform(-60, 0, SHAPE)
    there, back = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.float32)
    resampler.there(image.astype(np.float32), there)
    resampler.back(there, back)
    np.testing.assert_allclose(back, image, atol=1e-4)


def test_what_lies_beyond_the_range_is_clipped_and_nan_is_the_floor() -> None:
    image = np.full(SHAPE, -20, np.float32)
    image[20:30], image[40:50], image[60:70] = np.nan, -np.inf, np.inf
    clipped = np.nan_to_num(image, nan=-60).clip(-60, 0)
    outs = []
    for given in (image, clipped):
        resampler = Resampler(SHAPE, (45, 100), 60.0)
        there, back = np.empty((45, 100), np.float32), np.empty(SHAPE, np.float32)
        resampler.there(given, there)
        resampler.back(there, back)
        outs += [there, back]
        assert np.isfinite([there.min(), there.max(), back.min(), back.max()]).all()
        assert min(there.min(), back.min()) >= -60
        assert max(there.max(), back.max()) <= 0
    np.testing.assert_array_equal(outs[0], outs[2])
    np.testing.assert_array_equal(outs[1], outs[3])
