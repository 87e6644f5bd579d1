"""Looks at one frame: parts of its own image spectrum, whose speckle is independent.

An analytic image holds steering to the left and right in the sign of k_x, and low and high frequencies in k_z below
and above the carrier. Disjoint parts show the same tissue with (almost) uncorrelated speckle, so one can be trained to
predict the others (Noise2Noise, Lehtinen et al. 2018) with no clean image and no second acquisition.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.beamform.geometry import ImageGrid
from sonolucent.nn.training.carrier import carrier_phase, without_carrier

Images = Sequence[NDArray[np.complexfloating]]

# Half-width of the ramp between parts over half of the rms bandwidth of one. What two parts share is speckle that
# training cannot remove; a sharper cut would ring.
_RAMP = 0.4
_GAIN_SIGMA_M = 2e-3
_FLOOR = 1e-6  # -120 dB: below every dynamic range


class Split(NamedTuple):
    """Into how many bands of equal energy a spectrum is cut along k_z and along k_x.

    Looks are sampled so that every `depth`-th row and `lateral`-th column has the speckle grain, in pixels, of the
    whole image.
    """

    depth: int
    lateral: int

    @property
    def n_looks(self) -> int:
        return self.depth * self.lateral


QUADRANTS = Split(depth=2, lateral=2)
FREQUENCY_HALVES = Split(depth=2, lateral=1)


def looks_db(images: Images, grid: ImageGrid, split: Split) -> NDArray[np.float32]:
    """The looks at each frame in dB, float32 (n_frames, n_looks, n_rows, n_columns), unclipped, at the whole's level.

    0 dB is the frame's reference level, as in the live stream. A look is darker than the whole, and its sensitivity
    varies over the image; both are estimated blind, as the smoothed mean over the frames of look minus whole image,
    and taken off. Rows and columns are resampled to match the grain, see `Split`.

    Raises:
        ValueError: no images, images of another shape than the grid, without phase, all zero, or not finite.
    """
    if not images:
        raise ValueError("no images to take looks at")
    for index, image in enumerate(images):
        require_analytic(image, grid, f"image {index}")
    phase = carrier_phase(images, grid)
    spectra = [spectrum(without_carrier(image, phase)) for image in images]
    masks = look_masks(spectra, split)
    shape = _matched_shape(spectra, masks, split)
    looks = np.empty((len(images), split.n_looks, *shape), np.float32)
    excess = np.zeros(looks.shape[1:])
    for frame, image, whole in zip(looks, images, spectra, strict=True):
        level = ReferenceLevel().update(image)
        for look, mask in zip(frame, masks, strict=True):
            look[:] = decibels(to_image(whole * mask, shape), level)
        excess += frame - decibels(to_image(whole, shape), level)
    looks -= smooth_gain_db(excess / len(images), grid)
    return looks


def require_analytic(image: NDArray[np.complexfloating], grid: ImageGrid, name: str) -> None:
    """
    Raises:
        ValueError: `image` is no analytic image of the grid's shape with finite values, not all zero.
    """
    if not np.iscomplexobj(image):
        raise ValueError(f"{name} is {image.dtype}, without phase: looks need the complex beamformed image")
    if image.shape != grid.shape:
        raise ValueError(f"{name} has shape {image.shape}, the grid {grid.shape}")
    if not np.isfinite(image).all() or not image.any():
        raise ValueError(f"{name} is empty or holds NaN or infinity: leave the frame out")


def spectrum(image: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    """The spectrum of an image without its carrier, zero frequency in the middle."""
    return np.asarray(scipy.fft.fftshift(scipy.fft.fft2(image)))


def to_image(values: NDArray[np.complexfloating], shape: tuple[int, int]) -> NDArray[np.complexfloating]:
    """The inverse of `spectrum`, sampled at `shape` over the same extent."""
    resized = np.zeros(shape, values.dtype)
    kept = [min(pair) for pair in zip(values.shape, shape, strict=True)]
    resized[_middle(shape, kept)] = values[_middle(values.shape, kept)]
    gain = resized.size / values.size
    return np.asarray(scipy.fft.ifft2(scipy.fft.ifftshift(resized)) * gain)


def look_masks(spectra: Images, split: Split) -> list[NDArray[np.float64]]:
    """The masks (n_z, n_x) that part the mean spectrum into looks of equal energy; they add up to one.

    Each frame counts alike. Order: k_x rising, and within it k_z rising.
    """
    power = sum(np.abs(values) ** 2 / np.linalg.norm(values) ** 2 for values in spectra)
    depth, lateral = _bands(power.sum(axis=1), split.depth), _bands(power.sum(axis=0), split.lateral)
    return [np.outer(z, x) for x in lateral for z in depth]


def smooth_gain_db(excess_db: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.float32]:
    """What is left of differences in dB (n, n_rows, n_columns) over 2 mm: gain, not speckle."""
    extent_m = grid.n_z * grid.dz_m, grid.n_x * grid.dx_m
    sigma = [_GAIN_SIGMA_M * n / extent for n, extent in zip(excess_db.shape[1:], extent_m, strict=True)]
    return np.asarray(scipy.ndimage.gaussian_filter(excess_db, (0, *sigma), mode="nearest"), np.float32)


def decibels(image: NDArray[np.complexfloating], level: float) -> NDArray[np.float32]:
    """20 log10(|image| / level), no lower than -120 dB."""
    return np.asarray(20 * np.log10(np.maximum(np.abs(image) / level, _FLOOR)), np.float32)


def _matched_shape(spectra: Images, masks: list[NDArray[np.float64]], split: Split) -> tuple[int, int]:
    """Rows and columns at which a look, decimated, has the grain of the whole image: grain goes as 1 / bandwidth."""
    whole, look = np.zeros(2), np.zeros(2)
    for values in spectra:
        whole += _widths(values)
        look += np.mean([_widths(values * mask) for mask in masks], axis=0)
    n_z, n_x = np.rint(np.array(split) * look / whole * spectra[0].shape).astype(int)
    return int(n_z), int(n_x)


def _bands(power: NDArray[np.floating], n: int) -> list[NDArray[np.float64]]:
    """`n` masks along an axis, each with the same share of the power."""
    bins, share = _axis(power.size), np.cumsum(power) / power.sum()
    ramp = _RAMP * _rms_width(power) / n
    edges = np.interp(np.arange(1, n) / n, share, bins + 0.5)
    steps = [np.ones(power.size), *(_rise((bins - edge) / ramp) for edge in edges), np.zeros(power.size)]
    return [above - below for above, below in itertools.pairwise(steps)]


def _middle(shape: Sequence[int], kept: Sequence[int]) -> tuple[slice, ...]:
    """The `kept` bins about the zero frequency of a shifted spectrum."""
    return tuple(slice(n // 2 - k // 2, n // 2 - k // 2 + k) for n, k in zip(shape, kept, strict=True))


def _widths(values: NDArray[np.complexfloating]) -> list[float]:
    """Rms bandwidths along k_z and k_x about their centroids, in bins."""
    power = np.abs(values) ** 2
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
