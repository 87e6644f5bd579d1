"""Compounding: the mean of images of disjoint parts of the frame's own spectrum, whose speckle is nearly independent.

Frequency compounding (Magnin et al. 1982) cuts along k_z, steering compounding (Trahey et al. 1986) along k_x as well:
the sign of k_x says from which side a wave came. It averages envelopes, so each look costs the resolution that its
part of the spectrum lacks.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.fourier.looks import equalize
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.energy_split import EnergySplit, demodulated_spectra, image_of_spectrum, look_masks, require_analytic

Analytic = NDArray[np.complexfloating]
_FREQUENCIES = EnergySplit(depth=3, lateral=1)
_FREQUENCIES_AND_ANGLES = EnergySplit(depth=3, lateral=3)


def frequency_compound(image: Analytic, grid: ImageGrid) -> NDArray[np.complex64]:
    """The mean envelope of three frequency bands of equal energy; see `compound`."""
    return compound(image, grid, _FREQUENCIES)


def steering_compound(image: Analytic, grid: ImageGrid) -> NDArray[np.complex64]:
    """The mean envelope of three steering directions, each in three frequency bands; see `compound`."""
    return compound(image, grid, _FREQUENCIES_AND_ANGLES)


def compound(image: Analytic, grid: ImageGrid, split: EnergySplit) -> NDArray[np.complex64]:
    """The mean envelope of looks at equal levels, at the rms level of the image.

    The spectrum is cut where its energy is shared out equally, so that attenuation and any probe are followed.

    Args:
        image: complex (n_z, n_x), as a beamformer makes it.
        grid: its pixels.
        split: into bands of frequency (depth) and steering directions (lateral).

    Returns:
        The envelope with zero phase, complex64 (n_z, n_x), ready for log compression.

    Raises:
        ValueError: an image without phase, of another shape than the grid, all zero or not finite.
    """
    require_analytic(image, grid, "the image")
    (whole,) = demodulated_spectra([image], grid)
    looks = np.stack([image_of_spectrum(whole * mask, grid.shape) for mask in look_masks([whole], split)])
    envelope = np.abs(looks * equalize(looks)[:, None, None]).mean(axis=0)
    return np.asarray(envelope * (_rms(image) / _rms(envelope)), np.complex64)


def _rms(image: NDArray[np.inexact]) -> float:
    return float(np.sqrt(np.mean(np.abs(image).astype(np.float64) ** 2)))
