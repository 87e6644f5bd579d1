"""Back-projection (Irani and Peleg 1991): what a large image shrinks to is made what it came from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.super_resolution.resize import Grey, resize, shrunk

Shrink = Callable[[Grey, int], Grey]
"""An image to one of 1 / scale of its rows and columns."""


def shrink_by(kernel: NDArray[np.floating] | None) -> Shrink:
    """Shrinks by a kernel for two times, applied once for each halving; bicubically without one."""
    if kernel is None:
        return lambda image, scale: resize(image, 1 / scale)

    def shrink(image: Grey, scale: int) -> Grey:
        for _ in range(scale.bit_length() - 1):
            image = shrunk(image, kernel, 2)
        return image

    return shrink


def back_projected(large: Grey, small: Grey, shrink: Shrink, times: int) -> Grey:
    """The large image, corrected so many times by the enlarged difference of the small one to what it shrinks to."""
    scale = large.shape[0] // small.shape[0]
    for _ in range(times):
        large = large + resize(small - shrink(large, scale), scale)
    return np.asarray(large, np.float32)
