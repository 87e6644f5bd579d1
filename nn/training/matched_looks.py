"""Looks at frames as training needs them: in dB, at one level, with the grain of the whole image.

One look can be trained to predict the others (Noise2Noise, Lehtinen et al. 2018) with no clean image and no second
acquisition.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.energy_split import (
    AnalyticImages,
    EnergySplit,
    demodulated_spectra,
    image_of_spectrum,
    look_masks,
    require_analytic,
    rms_width,
)

QUADRANTS = EnergySplit(depth=2, lateral=2)
FREQUENCY_HALVES = EnergySplit(depth=2, lateral=1)

_GAIN_SIGMA_M = 2e-3
_FLOOR = 1e-6  # -120 dB: below every dynamic range


def looks_db(images: AnalyticImages, grid: ImageGrid, split: EnergySplit) -> NDArray[np.float32]:
    """The looks at each frame in dB, float32 (n_frames, n_looks, n_rows, n_columns), unclipped, at the whole's level.

    0 dB is the frame's reference level, as in the live stream. A look is darker than the whole, and its sensitivity
    varies over the image; both are estimated blind, as the smoothed mean over the frames of look minus whole image,
    and taken off. Looks are sampled so that every `split.depth`-th row and `split.lateral`-th
    column has the speckle grain, in pixels, of the whole image.

    Raises:
        ValueError: no images, images of another shape than the grid, without phase, all zero, or not finite.
    """
    if not images:
        raise ValueError("no images to take looks at")
    for index, image in enumerate(images):
        require_analytic(image, grid, f"image {index}")
    spectra = demodulated_spectra(images, grid)
    masks = look_masks(spectra, split)
    shape = _matched_shape(spectra, masks, split)
    looks = np.empty((len(images), split.n_looks, *shape), np.float32)
    excess = np.zeros(looks.shape[1:])
    for frame, image, whole in zip(looks, images, spectra, strict=True):
        level = ReferenceLevel().update(image)
        for look, mask in zip(frame, masks, strict=True):
            look[:] = decibels(image_of_spectrum(whole * mask, shape), level)
        excess += frame - decibels(image_of_spectrum(whole, shape), level)
    looks -= smooth_gain_db(excess / len(images), grid)
    return looks


def smooth_gain_db(excess_db: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.float32]:
    """What is left of differences in dB (n, n_rows, n_columns) over 2 mm: gain, not speckle."""
    extent_m = grid.n_z * grid.dz_m, grid.n_x * grid.dx_m
    sigma = [_GAIN_SIGMA_M * n / extent for n, extent in zip(excess_db.shape[1:], extent_m, strict=True)]
    return np.asarray(scipy.ndimage.gaussian_filter(excess_db, (0, *sigma), mode="nearest"), np.float32)


def decibels(image: NDArray[np.complexfloating], level: float) -> NDArray[np.float32]:
    """20 log10(|image| / level), no lower than -120 dB."""
    return np.asarray(20 * np.log10(np.maximum(np.abs(image) / level, _FLOOR)), np.float32)


def _matched_shape(spectra: AnalyticImages, masks: list[NDArray[np.float64]], split: EnergySplit) -> tuple[int, int]:
    """Rows and columns at which a look, decimated, has the grain of the whole image: grain goes as 1 / bandwidth."""
    whole, look = np.zeros(2), np.zeros(2)
    for values in spectra:
        whole += _widths(values)
        look += np.mean([_widths(values * mask) for mask in masks], axis=0)
    n_z, n_x = np.rint(np.array(split) * look / whole * spectra[0].shape).astype(int)
    return int(n_z), int(n_x)


def _widths(values: NDArray[np.complexfloating]) -> list[float]:
    """Rms bandwidths along k_z and k_x about their centroids, in bins."""
    power = np.abs(values) ** 2
    return [rms_width(power.sum(axis=1)), rms_width(power.sum(axis=0))]
