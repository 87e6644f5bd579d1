"""Four looks at one frame: the quadrants of its own image spectrum, whose speckle is independent.

An analytic image holds steering to the left and right in the sign of k_x, and low and high frequencies in k_z below
and above the carrier. Disjoint quadrants show the same tissue with (almost) uncorrelated speckle, so one can be trained
to predict the others (Noise2Noise, Lehtinen et al. 2018) with no clean image and no second acquisition.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.beamform.geometry import ImageGrid

# Half-widths of the ramps between quadrants. What two quadrants share is speckle that training cannot remove.
_RAMP_X_RAD_M = 1.5e3
_RAMP_Z_RAD_M = 4.0e3
_GAIN_SIGMA_M = 2e-3
_FLOOR = 1e-6  # -120 dB: below every dynamic range

N_LOOKS = 4


def carrier_rad(images: Sequence[NDArray[np.complexfloating]]) -> float:
    """Mean axial phase step from row to row, the centroid of the spectrum along k_z, in rad a pixel.

    The lag-one autocorrelation (Kasai et al. 1985), each frame weighted alike. It knows the carrier modulo 2 pi, which
    is all that a sampled image tells.
    """
    lags = [np.vdot(image[:-1], image[1:]) / np.vdot(image, image).real for image in images]
    return float(np.angle(np.sum(lags)))


def quadrants(image: NDArray[np.complexfloating], grid: ImageGrid, carrier: float) -> NDArray[np.complex64]:
    """The quadrants of an analytic image (n_z, n_x), complex64 (4, n_z, n_x); their sum is the image.

    Order: (k_x < 0, low k_z), (k_x < 0, high), (k_x > 0, low), (k_x > 0, high).
    """
    spectrum = scipy.fft.fft2(image)
    k_x = 2 * np.pi * np.fft.fftfreq(grid.n_x, grid.dx_m)
    from_carrier = np.angle(np.exp(1j * (2 * np.pi * np.fft.fftfreq(grid.n_z) - carrier)))
    right = _rise(k_x / _RAMP_X_RAD_M)
    high = _rise(from_carrier / grid.dz_m / _RAMP_Z_RAD_M)[:, None]
    masks = [z * x for x in (1 - right, right) for z in (1 - high, high)]
    return np.stack([scipy.fft.ifft2(spectrum * mask) for mask in masks]).astype(np.complex64)


def looks_db(images: Sequence[NDArray[np.complexfloating]], grid: ImageGrid) -> NDArray[np.float32]:
    """The looks at each frame in dB, float32 (n_frames, 4, n_z, n_x), unclipped, levelled to the whole image.

    0 dB is the frame's reference level, as in the live stream. A quadrant is darker than the whole, and its sensitivity
    varies over the image; both are estimated blind, as the smoothed mean over the frames of look minus whole image,
    and taken off.

    Raises:
        ValueError: no images, images of another shape than the grid, without phase, all zero, or not finite.
    """
    for index, image in enumerate(images):
        _require_analytic(index, image, grid)
    if not images:
        raise ValueError("no images to train on")
    carrier = carrier_rad(images)
    looks = np.empty((len(images), N_LOOKS, *grid.shape), np.float32)
    excess = np.zeros(looks.shape[1:])
    for frame, image in zip(looks, images, strict=True):
        level = ReferenceLevel().update(image)
        frame[:] = _db(quadrants(image, grid, carrier), level)
        excess += frame - _db(image, level)
    sigma = (0, _GAIN_SIGMA_M / grid.dz_m, _GAIN_SIGMA_M / grid.dx_m)
    looks -= scipy.ndimage.gaussian_filter(excess / len(images), sigma, mode="nearest").astype(np.float32)
    return looks


def _rise(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """From 0 to 1 over -1..1, as a sine."""
    return np.asarray(0.5 + 0.5 * np.sin(0.5 * np.pi * np.clip(x, -1, 1)))


def _db(image: NDArray[np.complexfloating], level: float) -> NDArray[np.float32]:
    return np.asarray(20 * np.log10(np.maximum(np.abs(image) / level, _FLOOR)), np.float32)


def _require_analytic(index: int, image: NDArray[np.complexfloating], grid: ImageGrid) -> None:
    if not np.iscomplexobj(image):
        raise ValueError(f"image {index} is {image.dtype}, without phase: quadrants need the complex beamformed image")
    if image.shape != grid.shape:
        raise ValueError(f"image {index} has shape {image.shape}, the grid {grid.shape}")
    if not np.isfinite(image).all() or not image.any():
        raise ValueError(f"image {index} is empty or holds NaN or infinity: leave the frame out")
