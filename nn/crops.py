"""Crops of images to learn from, and the eight ways to turn them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.image_methods import FitError

Grey = NDArray[np.float32]


def require_large(images: Sequence[Grey], least_px: int) -> None:
    """Refuses images that are too small to learn from.

    Raises:
        FitError: there is no image, or one has fewer rows or columns.
    """
    if not images:
        raise FitError("there is no image to learn from")
    smallest = min(min(image.shape) for image in images)
    if smallest < least_px:
        raise FitError(f"this method learns from {least_px} x {least_px} pixels at least; the image has {smallest}")


def cropped(image: Grey, size: int, rng: np.random.Generator) -> Grey:
    """A crop (size, size) anywhere; smaller where the image is."""
    row, column = (int(rng.integers(max(n - size, 0) + 1)) for n in image.shape)
    return np.ascontiguousarray(image[row : row + size, column : column + size])


def turned(image: Grey, view: int) -> Grey:
    """One of the eight views of an image: turned by view % 4 right angles, from 4 on flipped then."""
    rotated = np.rot90(image, view % 4)
    return np.ascontiguousarray(rotated[:, ::-1] if view >= 4 else rotated)


def turned_back(image: Grey, view: int) -> Grey:
    """The inverse of `turned`."""
    flipped = image[:, ::-1] if view >= 4 else image
    return np.ascontiguousarray(np.rot90(flipped, -(view % 4)))
