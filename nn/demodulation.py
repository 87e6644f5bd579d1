"""Takes the carrier off an analytic image, whose frequency attenuation lowers with depth."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.totals import Total, alone

_SMOOTH_M = 3e-3


def carrier_phase(
    images: Iterable[NDArray[np.complexfloating]], grid: ImageGrid, total: Total = alone
) -> NDArray[np.float64]:
    """Phase of the carrier at each row, (n_z,) rad: the centroid of the depth spectrum there, summed over depth.

    The centroid is the angle of the autocorrelation from row to row (Kasai et al. 1985), smoothed over 3 mm of depth;
    every row of every frame counts alike, however bright. It is known modulo the sampling rate, which is all that a
    sampled image tells.

    Args:
        images: analytic, (n_z, n_x), at least one; none of them is held.
        grid: their pixels.
        total: as `energy_split.look_masks` takes it.
    """
    lags = total(np.asarray(sum(_lags(image) for image in images)))
    steps = np.arctan2(_smooth(lags.imag, grid), _smooth(lags.real, grid))
    return np.concatenate([[0.0], np.cumsum(steps)])


def demodulated(image: NDArray[np.complexfloating], phase: NDArray[np.float64]) -> NDArray[np.complexfloating]:
    """The image (n_z, n_x) shifted along k_z, so that its centroid lies at zero at every depth."""
    return np.asarray(image * np.exp(-1j * phase)[:, None])


def _lags(image: NDArray[np.complexfloating]) -> NDArray[np.complexfloating]:
    power = np.sum(np.abs(image) ** 2, axis=1)
    products = np.sum(image[1:] * image[:-1].conj(), axis=1)
    return np.asarray(products / np.maximum(power[1:] + power[:-1], np.finfo(np.float32).tiny))


def _smooth(values: NDArray[np.floating], grid: ImageGrid) -> NDArray[np.floating]:
    return np.asarray(scipy.ndimage.gaussian_filter1d(values, _SMOOTH_M / grid.dz_m, mode="nearest"))
