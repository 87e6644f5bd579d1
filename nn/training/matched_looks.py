"""Looks at frames as training needs them: in dB, at one level, with the grain of the whole image.

One look can be trained to predict the others (Noise2Noise, Lehtinen et al. 2018) with no clean image and no second
acquisition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.demodulation import carrier_phase, demodulated
from sonolucent.nn.energy_split import (
    AnalyticImages,
    EnergySplit,
    image_of_spectrum,
    look_masks,
    require_analytic,
    rms_width,
    shifted_spectrum,
)
from sonolucent.nn.totals import Total, alone
from sonolucent.nn.training.array_file import IN_MEMORY, Keep
from sonolucent.nn.training.frames import Beamformed, TrainingError

QUADRANTS = EnergySplit(depth=2, lateral=2)
FREQUENCY_HALVES = EnergySplit(depth=2, lateral=1)

_GAIN_SIGMA_M = 2e-3
_FLOOR = 1e-6  # -120 dB: below every dynamic range


class Looks:
    """The looks at each frame in dB, float32 (n_looks, n_rows, n_columns), unclipped, at the whole's level.

    0 dB is the frame's reference level, as in the live stream. A look is darker than the whole, and its sensitivity
    varies over the image; both are estimated blind, as the smoothed mean over the frames of look minus whole image,
    and taken off. Looks are sampled so that every `split.depth`-th row and `split.lateral`-th
    column has the speckle grain, in pixels, of the whole image.

    The frames are gone through four times, one at a time: for their carrier, for where to cut their spectra, for the
    width of the parts, and for the looks.

    Args:
        frames: of one scanner; those of this process, where several have some of them each.
        grid: their pixels.
        split: into how many looks.
        keep: where looks are put away.
        total: the sum of an array over all processes.

    Raises:
        TrainingError: there are no frames, or one is no analytic image of the grid's shape; the message names it.
    """

    def __init__(
        self,
        frames: Sequence[Beamformed],
        grid: ImageGrid,
        split: EnergySplit,
        *,
        keep: Keep = IN_MEMORY,
        total: Total = alone,
    ) -> None:
        if not frames:
            raise TrainingError("no frames to take looks at")
        phase = carrier_phase((_analytic(frame, grid) for frame in frames), grid, total)
        masks = look_masks(_spectra(frames, phase), split, total)
        shape = _matched_shape(_spectra(frames, phase), masks, split, total)
        self._unmatched = keep()
        excess_db = np.zeros((split.n_looks, *shape))
        for frame in frames:
            looks, whole = _cut(frame.image, phase, masks, shape)
            self._unmatched.append(looks)
            excess_db += looks - whole
        mean_db = total(excess_db) / total(np.array(len(frames)))
        self._gain_db = smooth_gain_db(mean_db, grid)

    def __len__(self) -> int:
        return len(self._unmatched)

    def __getitem__(self, frame: int) -> NDArray[np.float32]:
        return np.asarray(self._unmatched[frame] - self._gain_db)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        return (self[frame] for frame in range(len(self)))


def smooth_gain_db(excess_db: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.float32]:
    """What is left of differences in dB (n, n_rows, n_columns) over 2 mm: gain, not speckle."""
    extent_m = grid.n_z * grid.dz_m, grid.n_x * grid.dx_m
    sigma = [_GAIN_SIGMA_M * n / extent for n, extent in zip(excess_db.shape[1:], extent_m, strict=True)]
    return np.asarray(scipy.ndimage.gaussian_filter(excess_db, (0, *sigma), mode="nearest"), np.float32)


def decibels(image: NDArray[np.complexfloating], level: float) -> NDArray[np.float32]:
    """20 log10(|image| / level), no lower than -120 dB."""
    return np.asarray(20 * np.log10(np.maximum(np.abs(image) / level, _FLOOR)), np.float32)


def _analytic(frame: Beamformed, grid: ImageGrid) -> NDArray[np.complexfloating]:
    image = frame.image
    try:
        require_analytic(image, grid, frame.name)
    except ValueError as error:
        raise TrainingError(str(error)) from error
    return image


def _spectra(frames: Sequence[Beamformed], phase: NDArray[np.float64]) -> Iterator[NDArray[np.complexfloating]]:
    return (shifted_spectrum(demodulated(frame.image, phase)) for frame in frames)


def _cut(
    image: NDArray[np.complexfloating],
    phase: NDArray[np.float64],
    masks: list[NDArray[np.float64]],
    shape: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The looks at an image, (n_looks, *shape), and the whole of it, both in dB."""
    spectrum, level = shifted_spectrum(demodulated(image, phase)), ReferenceLevel().update(image)
    looks = np.stack([decibels(image_of_spectrum(spectrum * mask, shape), level) for mask in masks])
    return looks, decibels(image_of_spectrum(spectrum, shape), level)


def _matched_shape(
    spectra: AnalyticImages, masks: list[NDArray[np.float64]], split: EnergySplit, total: Total
) -> tuple[int, int]:
    """Rows and columns at which a look, decimated, has the grain of the whole image: grain goes as 1 / bandwidth."""
    whole, look = np.zeros(2), np.zeros(2)
    for values in spectra:
        whole += _widths(values)
        look += np.mean([_widths(values * mask) for mask in masks], axis=0)
    n_z, n_x = np.rint(np.array(split) * total(look) / total(whole) * masks[0].shape).astype(int)
    return int(n_z), int(n_x)


def _widths(values: NDArray[np.complexfloating]) -> list[float]:
    """Rms bandwidths along k_z and k_x about their centroids, in bins."""
    power = np.abs(values) ** 2
    return [rms_width(power.sum(axis=1)), rms_width(power.sum(axis=0))]
