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

Images = Sequence[NDArray[np.complexfloating]]

N_LOOKS = 4
DECIMATION = 2
"""Looks are sampled so that every second row and column has the speckle grain, in pixels, of the whole image."""

# Half-width of the ramp between quadrants over the rms bandwidth. What two quadrants share is speckle that training
# cannot remove; a sharper cut would ring.
_RAMP = 0.2
_GAIN_SIGMA_M = 2e-3
_FLOOR = 1e-6  # -120 dB: below every dynamic range


def looks_db(images: Images, grid: ImageGrid) -> NDArray[np.float32]:
    """The looks at each frame in dB, float32 (n_frames, 4, n_rows, n_columns), unclipped, levelled to the whole image.

    0 dB is the frame's reference level, as in the live stream. A quadrant is darker than the whole, and its sensitivity
    varies over the image; both are estimated blind, as the smoothed mean over the frames of look minus whole image,
    and taken off. Rows and columns are resampled to match the grain, see `DECIMATION`.

    Raises:
        ValueError: no images, images of another shape than the grid, without phase, all zero, or not finite.
    """
    if not images:
        raise ValueError("no images to train on")
    for index, image in enumerate(images):
        _require_analytic(index, image, grid)
    carrier = carrier_bin(images)
    shape = _matched_shape(images, carrier)
    looks = np.empty((len(images), N_LOOKS, *shape), np.float32)
    excess = np.zeros(looks.shape[1:])
    for frame, image in zip(looks, images, strict=True):
        level = ReferenceLevel().update(image)
        frame[:] = _db(quadrants(image, carrier, shape), level)
        excess += frame - _db(_to_image(_spectrum(image, carrier), shape), level)
    extent_m = grid.n_z * grid.dz_m, grid.n_x * grid.dx_m
    sigma = [_GAIN_SIGMA_M * n / extent for n, extent in zip(shape, extent_m, strict=True)]
    looks -= scipy.ndimage.gaussian_filter(excess / len(images), (0, *sigma), mode="nearest").astype(np.float32)
    return looks


def carrier_bin(images: Images) -> int:
    """Where the spectrum's centroid along k_z lies, in bins of the FFT over rows.

    From the lag-one autocorrelation (Kasai et al. 1985), each frame weighted alike. It knows the carrier modulo the
    sampling rate, which is all that a sampled image tells.
    """
    lags = [np.vdot(image[:-1], image[1:]) / np.vdot(image, image).real for image in images]
    return round(float(np.angle(np.sum(lags))) * len(images[0]) / (2 * np.pi))


def quadrants(image: NDArray[np.complexfloating], carrier: int, shape: tuple[int, int]) -> NDArray[np.complex64]:
    """The quadrants of an analytic image, without its carrier, resampled to `shape`: complex64 (4, *shape).

    Order: (k_x < 0, low k_z), (k_x < 0, high), (k_x > 0, low), (k_x > 0, high). Their sum is the whole image.
    """
    spectrum = _spectrum(image, carrier)
    high, right = (_rise(_axis(n) / (_RAMP * width)) for n, width in zip(image.shape, _widths(spectrum), strict=True))
    masks = [np.outer(z, x) for x in (1 - right, right) for z in (1 - high, high)]
    return np.stack([_to_image(spectrum * mask, shape) for mask in masks]).astype(np.complex64)


def _matched_shape(images: Images, carrier: int) -> tuple[int, int]:
    """Rows and columns at which a look, decimated, has the grain of the whole image: grain goes as 1 / bandwidth."""
    whole, look = np.zeros(2), np.zeros(2)
    for image in images:
        whole += _widths(_spectrum(image, carrier))
        parts = quadrants(image, carrier, image.shape)
        look += np.mean([_widths(_spectrum(part, 0)) for part in parts], axis=0)
    n_z, n_x = np.rint(DECIMATION * look / whole * images[0].shape).astype(int)
    return int(n_z), int(n_x)


def _spectrum(image: NDArray[np.complexfloating], carrier: int) -> NDArray[np.complexfloating]:
    """The image's spectrum with the carrier in the middle."""
    return np.asarray(scipy.fft.fftshift(np.roll(scipy.fft.fft2(image), -carrier, axis=0)))


def _to_image(spectrum: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.complexfloating]:
    """The inverse of `_spectrum`, sampled at `shape` over the same extent."""
    resized = np.zeros(shape, spectrum.dtype)
    kept = [min(pair) for pair in zip(spectrum.shape, shape, strict=True)]
    resized[_middle(shape, kept)] = spectrum[_middle(spectrum.shape, kept)]
    gain = resized.size / spectrum.size
    return np.asarray(scipy.fft.ifft2(scipy.fft.ifftshift(resized)) * gain)


def _middle(shape: Sequence[int], kept: Sequence[int]) -> tuple[slice, ...]:
    """The `kept` bins about the zero frequency of a shifted spectrum."""
    return tuple(slice(n // 2 - k // 2, n // 2 - k // 2 + k) for n, k in zip(shape, kept, strict=True))


def _widths(spectrum: NDArray[np.complexfloating]) -> list[float]:
    """Rms bandwidths along k_z and k_x about their centroids, in bins."""
    power = np.abs(spectrum) ** 2
    return [_rms_width(power.sum(axis=1)), _rms_width(power.sum(axis=0))]


def _rms_width(power: NDArray[np.floating]) -> float:
    bins, weight = _axis(power.size), power / power.sum()
    return float(np.sqrt((weight * (bins - (weight * bins).sum()) ** 2).sum()))


def _axis(n: int) -> NDArray[np.float64]:
    """Bins of a shifted spectrum, zero at n // 2."""
    return np.arange(n, dtype=np.float64) - n // 2


def _rise(x: NDArray[np.float64]) -> NDArray[np.float64]:
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
