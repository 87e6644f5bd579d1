"""Kernels that images are shrunk by: what is done to one that was found, and how two compare."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
import scipy.signal
from numpy.typing import NDArray

from sonolucent.nn.super_resolution.resize import centre_of, resize_matrix

BlurKernel = NDArray[np.float64]
"""Weights of a correlation (size, size), odd, that sum to one; the middle lies where `centre_of` says."""
SIZE = 13
_KEPT, _THRESHOLD = 40, 0.75
_CROPPED_4 = 25


def cleaned(kernel: BlurKernel, scale: int = 2) -> BlurKernel:
    """Without its faint weights, summing to one, its centre of mass in the middle.

    Three quarters of the 40th largest weight are taken off, and what is negative then (Bell-Kligler et al. 2019).
    """
    level = np.sort(kernel, axis=None)[-min(_KEPT, kernel.size)]
    kept = (kernel - max(_THRESHOLD * level, 0.0)).clip(0)
    return centred(kept / kept.sum(), scale)


def centred(kernel: BlurKernel, scale: int = 2) -> BlurKernel:
    """Moved, by a fraction of a pixel as well, so that its centre of mass lies in the middle (`centre_of`)."""
    wanted = centre_of(kernel.shape[0], scale)
    shift = [wanted - place for place in scipy.ndimage.center_of_mass(kernel)]
    moved = scipy.ndimage.shift(kernel, shift, order=1, mode="constant")
    return np.asarray(moved / moved.sum())


def for_four(kernel: BlurKernel) -> BlurKernel:
    """What shrinks to a quarter as the kernel for two does twice: K4 = sum of k[r, c] k, 2 r rows and 2 c columns on.

    For 13 x 13 it has 37 x 37; `cropped_for_four` leaves 25 x 25 of them.
    """
    spread = np.zeros([2 * n - 1 for n in kernel.shape])
    spread[::2, ::2] = kernel
    return np.asarray(scipy.signal.convolve2d(spread, kernel))


def cropped_for_four(kernel: BlurKernel) -> BlurKernel:
    """The middle 25 x 25 of `for_four`, cleaned."""
    whole = for_four(kernel)
    margin = (whole.shape[0] - _CROPPED_4) // 2
    return cleaned(whole[margin : margin + _CROPPED_4, margin : margin + _CROPPED_4], 4)


def gaussian_kernel(widths_px: tuple[float, float], angle_rad: float = 0.0, *, size: int = SIZE) -> BlurKernel:
    """A Gaussian for two times, of two standard deviations, the first of them `angle_rad` from the rows' axis."""
    places = np.arange(size) - centre_of(size, 2)
    z, x = places[:, None], places[None, :]
    along = z * np.cos(angle_rad) + x * np.sin(angle_rad)
    across = x * np.cos(angle_rad) - z * np.sin(angle_rad)
    kernel = np.exp(-0.5 * ((along / widths_px[0]) ** 2 + (across / widths_px[1]) ** 2))
    return np.asarray(kernel / kernel.sum())


def bicubic_kernel(size: int = SIZE) -> BlurKernel:
    """The eight weights to a side that bicubic shrinking by two has, in the middle."""
    line = np.zeros(size)
    line[size // 2 - 3 : size // 2 + 5] = resize_matrix(16, 0.5)[4][5:13]
    return np.outer(line, line)


def kernel_correlation(a: BlurKernel, b: BlurKernel) -> float:
    """The normalised correlation of two kernels, at the shift of whole pixels where it is largest: up to 1."""
    product = scipy.signal.correlate2d(a, b)
    return float(product.max() / np.sqrt((a**2).sum() * (b**2).sum()))
