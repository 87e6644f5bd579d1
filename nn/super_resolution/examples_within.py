"""Pairs that an image holds within itself: crops, and what they would be at lower resolution.

The augmentation is that of Shocher, Cohen and Irani (ZSSR, CVPR 2018).
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.nn.crops import cropped, turned
from sonolucent.nn.super_resolution.resize import Grey

_AS_IT_IS, _TURNED = 0.05, 0.5
"""Up to which number, drawn from 0..1, a crop is left alone, or turned and flipped only; else it is warped."""
_LEAST_SCALE, _ANISOTROPY, _SHEAR = 0.5, 0.25, 0.1
_WINDOW, _CLIP_PERCENT = 5, 80.0


def warped_crop(image: Grey, size: int, rng: np.random.Generator) -> Grey:
    """A crop (size, size) of the image, or of the image turned, flipped, shrunk and sheared at random."""
    drawn = rng.random()
    if drawn < _AS_IT_IS:
        return cropped(image, size, rng)
    if drawn < _TURNED:
        return turned(cropped(image, size, rng), int(rng.integers(8)))
    return _warped(image, size, rng)


def gradient_weights(image: Grey) -> NDArray[np.float32]:
    """How much happens around each pixel: the mean gradient of 5 x 5, its largest fifth clipped, one in the mean."""
    slope = scipy.ndimage.gaussian_gradient_magnitude(image.astype(np.float64), 1.0)
    around = scipy.ndimage.uniform_filter(slope, _WINDOW)
    around = around.clip(None, np.percentile(around, _CLIP_PERCENT))
    mean = around.mean()
    return np.asarray(around / mean if mean > 0 else np.ones_like(around), np.float32)


class EventfulCrops:
    """Crops of an image, drawn as often as there is gradient in them."""

    def __init__(self, image: Grey, size: int) -> None:
        self._image, self._size = image, size
        sums = scipy.ndimage.uniform_filter(gradient_weights(image).astype(np.float64), size, origin=-(size // 2))
        inside = sums[: image.shape[0] - size + 1, : image.shape[1] - size + 1].clip(1e-12)
        self._columns, self._upto = inside.shape[1], np.cumsum(inside) / inside.sum()

    def draw(self, rng: np.random.Generator) -> tuple[slice, slice]:
        """Rows and columns of one."""
        place = min(int(np.searchsorted(self._upto, rng.random())), self._upto.size - 1)
        row, column = divmod(place, self._columns)
        return slice(row, row + self._size), slice(column, column + self._size)


def _warped(image: Grey, size: int, rng: np.random.Generator) -> Grey:
    angle, scale = rng.uniform(0, 2 * np.pi), rng.uniform(_LEAST_SCALE, 1)
    stretch = np.clip(scale * (1 + rng.normal(0, _ANISOTROPY)), _LEAST_SCALE, 1)
    shear_z, shear_x = rng.normal(0, _SHEAR, 2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, shear_z], [shear_x, 1]]) @ np.diag([1 / scale, 1 / stretch])
    middle = np.array([rng.uniform(0.25, 0.75) * (n - 1) for n in image.shape])
    corner = middle - matrix @ np.full(2, (size - 1) / 2)
    warped = scipy.ndimage.affine_transform(image, matrix, corner, (size, size), order=3, mode="reflect")
    return np.asarray(warped.clip(0, 1), np.float32)
