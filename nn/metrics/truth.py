"""Images against the truth of a simulation: log echogenicity without speckle, of arbitrary level."""

from __future__ import annotations

import numpy as np
import skimage.metrics
from numpy.typing import NDArray

DecibelImage = NDArray[np.floating]


def at_level_of(image_db: DecibelImage, truth_db: DecibelImage, *, dynamic_range_db: float = 60.0) -> DecibelImage:
    """The truth at the level at which the image shows it, clipped as the image is: -dynamic_range_db..0.

    The shift is the median difference, which of all shifts leaves the least mean absolute error.

    Raises:
        ValueError: the shapes differ.
    """
    _require_same_shape(image_db, truth_db)
    return np.asarray((truth_db + np.median(image_db - truth_db)).clip(-dynamic_range_db, 0))


def error_db(image_db: DecibelImage, truth_db: DecibelImage) -> float:
    """Mean absolute difference in dB of two images on one level (see `at_level_of`).

    Raises:
        ValueError: the shapes differ.
    """
    _require_same_shape(image_db, truth_db)
    return float(np.mean(np.abs(image_db - truth_db)))


def ssim(image_db: DecibelImage, truth_db: DecibelImage, *, dynamic_range_db: float = 60.0) -> float:
    """Structural similarity -1..1 (Wang et al. 2004): Gaussian window of 1.5 pixels, K1 = .01, K2 = .03.

    Raises:
        ValueError: the shapes differ.
    """
    _require_same_shape(image_db, truth_db)
    return float(
        skimage.metrics.structural_similarity(
            image_db.astype(np.float64),
            truth_db.astype(np.float64),
            data_range=dynamic_range_db,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            K1=0.01,
            K2=0.03,
        )
    )


def psnr_db(image_db: DecibelImage, truth_db: DecibelImage, *, dynamic_range_db: float = 60.0) -> float:
    """Peak signal-to-noise ratio in dB, the peak being the dynamic range: 20 log10(range / rms difference).

    Raises:
        ValueError: the shapes differ.
    """
    _require_same_shape(image_db, truth_db)
    return float(
        skimage.metrics.peak_signal_noise_ratio(
            truth_db.astype(np.float64), image_db.astype(np.float64), data_range=dynamic_range_db
        )
    )


def _require_same_shape(image: DecibelImage, truth: DecibelImage) -> None:
    if image.shape != truth.shape:
        raise ValueError(f"the image {image.shape} and the truth {truth.shape} must have the same shape")
