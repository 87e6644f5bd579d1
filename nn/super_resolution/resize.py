"""Images larger and smaller, by matrices of weights.

With `antialias` it is what MATLAB's `imresize` computes (The MathWorks, Image Processing Toolbox, documentation of
`imresize`): output pixel i, from 1, lies at u = i / scale + (1 - 1 / scale) / 2 of the input; the kernel h becomes
scale * h(scale * x) where the image shrinks; the weights of each output pixel are made to sum to one, and pixels beyond
the border are mirrored, the one at the border twice. Without, the kernel stays as narrow as it is for larger images.
"""

from __future__ import annotations

import functools
import math
from typing import Literal

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

Kernel = Literal["cubic", "lanczos3"]
Grey = NDArray[np.float32]
"""Grey values 0..1, (n_z, n_x)."""
_SUPPORT = {"cubic": 4.0, "lanczos3": 6.0}


def resize(image: Grey, scale: float, *, kernel: Kernel = "cubic", antialias: bool = True) -> Grey:
    """The image (n_z, n_x) with ceil(scale * n) rows and columns, float32; values may overshoot those of the input."""
    rows, columns = (resize_matrix(n, scale, kernel, antialias) for n in image.shape)
    return np.asarray(rows @ image.astype(np.float64) @ columns.T, np.float32)


@functools.lru_cache(maxsize=64)
def resize_matrix(n: int, scale: float, kernel: Kernel = "cubic", antialias: bool = True) -> NDArray[np.float64]:
    """The weights (ceil(scale * n), n) that make a line of pixels out of n."""
    n_out = math.ceil(scale * n)
    shrink = min(scale, 1.0) if antialias else 1.0
    width = _SUPPORT[kernel] / shrink
    place = (np.arange(n_out) + 1) / scale + 0.5 * (1 - 1 / scale)
    first = np.floor(place - width / 2)
    taps = first[:, None] + np.arange(math.ceil(width) + 2)
    weights = shrink * _KERNELS[kernel](shrink * (place[:, None] - taps))
    weights /= weights.sum(axis=1, keepdims=True)
    mirrored = np.concatenate([np.arange(n), np.arange(n)[::-1]])[(taps.astype(int) - 1) % (2 * n)]
    matrix = np.zeros((n_out, n))
    np.add.at(matrix, (np.arange(n_out)[:, None], mirrored), weights)
    matrix.flags.writeable = False
    return matrix


def shrunk(image: Grey, kernel: NDArray[np.floating], scale: int) -> Grey:
    """The image blurred by a kernel and sampled at every `scale`-th pixel.

    Args:
        image: (n_z, n_x), mirrored at the middle of its outermost pixels.
        kernel: weights by which pixels are summed (a correlation), (size, size), odd; its middle is at `centre_of`.
        scale: to 1 / scale of the rows and columns, rounded up.
    """
    blurred = scipy.ndimage.correlate(image.astype(np.float64), kernel, mode="mirror")
    return np.asarray(blurred[::scale, ::scale], np.float32)


def centre_of(size: int, scale: int) -> float:
    """Where the middle of a kernel of `size` pixels has to lie, from 0, so that what it shrinks does not move: a pixel
    of the small image lies in the middle of `scale` of the large one, not on their first."""
    return size // 2 + 0.5 * (scale - 1)


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys's cubic (1981), a = -1/2."""
    d = np.abs(x)
    near, far = (1.5 * d - 2.5) * d**2 + 1, ((-0.5 * d + 2.5) * d - 4) * d + 2
    return np.where(d <= 1, near, np.where(d <= 2, far, 0.0))


def _lanczos3(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


_KERNELS = {"cubic": _cubic, "lanczos3": _lanczos3}
