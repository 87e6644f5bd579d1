"""Low-resolution images made of high-resolution ones, in the three ways that the McGill tables are about.

Thapliyal's self-supervised super-resolution of ultrasound images (project files, slide 14) gives the chains. Of the
diffusion and of the second way's speckle they do not give the parameters: those of MATLAB's `imdiffusefilt` and
`imnoise` are taken, which its users get unless they ask for others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.ndimage

from sonolucent.nn.super_resolution.resize import Grey, resize

_ITERATIONS = 5
_GRADIENT = 0.1
_RATE = 1 / 8
_NEIGHBOURS = ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.5), (1, -1, 0.5))
"""Rows and columns to half of the eight, and one over the squared distance."""
_SPECKLE_OF_2, _SPECKLE_OF_3, _BLUR_PX = 0.05, 0.01, 0.6


@dataclass(frozen=True)
class Degradation:
    """A way to low resolution.

    Args:
        summary: in words.
        apply: grey 0..1 (n_z, n_x), the factor (2 or 4), a source of random numbers: the small image.
    """

    summary: str
    apply: Callable[[Grey, int, np.random.Generator], Grey]


def degrade(image: Grey, name: str, scale: int, *, seed: int = 0) -> Grey:
    """The small image (n_z / scale, n_x / scale) that `DEGRADATIONS[name]` makes, at 256 grey levels as files have.

    Args:
        image: grey 0..1; rows and columns divide by the scale.
        name: "m1", "m2" or "m3".
        scale: 2 or 4.
        seed: of the noise.

    Raises:
        ValueError: the size does not divide by the scale.
    """
    if image.shape[0] % scale or image.shape[1] % scale:
        raise ValueError(f"an image of {image.shape[0]} x {image.shape[1]} pixels does not divide by {scale}; crop it")
    small = DEGRADATIONS[name].apply(image, scale, np.random.default_rng(seed))
    return quantized(small)


def quantized(image: Grey) -> Grey:
    """Grey 0..1 in steps of 1/255; what is beyond is clipped."""
    return np.asarray(np.round(255 * image.clip(0, 1)) / 255, np.float32)


def diffused(image: Grey, *, iterations: int = _ITERATIONS, gradient: float = _GRADIENT) -> Grey:
    """Anisotropic diffusion (Perona and Malik 1990) among eight neighbours, conduction exp(-(difference / gradient)^2).

    Steps of 1/8; neighbours across a corner count half (Gerig et al. 1992). Borders let nothing through, so the mean
    stays.
    """
    result = image.astype(np.float64)
    for _ in range(iterations):
        change = np.zeros_like(result)
        for rows, columns, weight in _NEIGHBOURS:
            here, there = _pair(rows, columns)
            difference = result[there] - result[here]
            flux = weight * np.exp(-((difference / gradient) ** 2)) * difference
            change[here] += flux
            change[there] -= flux
        result += _RATE * change
    return np.asarray(result, np.float32)


def speckled(image: Grey, variance: float, rng: np.random.Generator) -> Grey:
    """I + n I with n uniform about zero, of that variance; clipped to 0..1, as `imnoise` does."""
    half = np.sqrt(3 * variance)
    noisy = image * (1 + rng.uniform(-half, half, image.shape))
    return np.asarray(noisy.clip(0, 1), np.float32)


def _pair(rows: int, columns: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The pixels that have a neighbour so far on, and those neighbours."""
    down = slice(None, -rows or None), slice(rows, None)
    if columns >= 0:
        across = slice(None, -columns or None), slice(columns, None)
    else:
        across = slice(-columns, None), slice(None, columns)
    return (down[0], across[0]), (down[1], across[1])


def _bicubic(image: Grey, scale: int, rng: np.random.Generator) -> Grey:
    return resize(image, 1 / scale)


def _diffused_speckle(image: Grey, scale: int, rng: np.random.Generator) -> Grey:
    small = resize(image, 1 / scale, kernel="lanczos3").clip(0, 1)
    return speckled(diffused(small), _SPECKLE_OF_2, rng)


def _blurred_speckle(image: Grey, scale: int, rng: np.random.Generator) -> Grey:
    small = resize(image, 1 / scale, kernel="lanczos3").clip(0, 1)
    blurred = scipy.ndimage.gaussian_filter(small, _BLUR_PX, mode="nearest", radius=2)
    return speckled(blurred, _SPECKLE_OF_3, rng)


DEGRADATIONS: dict[str, Degradation] = {
    "m1": Degradation("bicubic", _bicubic),
    "m2": Degradation(f"Lanczos-3, anisotropic diffusion, speckle {_SPECKLE_OF_2:g}", _diffused_speckle),
    "m3": Degradation(f"Lanczos-3, Gaussian of {_BLUR_PX:g} pixels, speckle {_SPECKLE_OF_3:g}", _blurred_speckle),
}
