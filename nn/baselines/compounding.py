"""Compounding: the mean of images of disjoint parts of the frame's own spectrum, whose speckle is nearly independent.

Frequency compounding (Magnin et al. 1982) cuts along k_z, steering compounding (Trahey et al. 1986) along k_x as well:
the sign of k_x says from which side a wave came. It averages envelopes, so each look costs the resolution that its
part of the spectrum lacks.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.beamform.looks import LookMasks, equalize, frequency_looks, steering_looks

Analytic = NDArray[np.complexfloating]
_BANDS = 3


def frequency_compound(image: Analytic, grid: ImageGrid) -> NDArray[np.complex64]:
    """The mean envelope of three frequency bands of equal energy; see `compound`."""
    return compound(image, grid, n_frequencies=_BANDS, n_angles=1)


def steering_compound(image: Analytic, grid: ImageGrid) -> NDArray[np.complex64]:
    """The mean envelope of three steering directions, each in three frequency bands; see `compound`."""
    return compound(image, grid, n_frequencies=_BANDS, n_angles=_BANDS)


def compound(image: Analytic, grid: ImageGrid, *, n_frequencies: int, n_angles: int) -> NDArray[np.complex64]:
    """The mean envelope of `n_frequencies` x `n_angles` looks at equal levels, at the rms level of the image.

    The spectrum is cut where its energy is shared out equally, so that attenuation and any probe are followed.

    Args:
        image: complex (n_z, n_x), as a beamformer makes it.
        grid: its pixels.
        n_frequencies: bands of frequency.
        n_angles: steering directions.

    Returns:
        The envelope with zero phase, complex64 (n_z, n_x), ready for log compression.

    Raises:
        ValueError: an image without phase, of another shape than the grid, all zero or not finite.
    """
    _require_analytic(image, grid)
    spectrum, k_z, k_x = _centered_spectrum(image, grid)
    power = np.abs(spectrum) ** 2
    bands = frequency_looks(_equal_shares(k_z, power.sum(axis=1), n_frequencies))
    angles = steering_looks(_equal_shares(k_x, power.sum(axis=0), n_angles))
    z, x = LookMasks(bands, k_x, k_z), LookMasks(angles, k_x, k_z)
    looks = np.stack([scipy.fft.ifft2(spectrum * np.outer(d, a)) for d in z.depth for a in x.lateral])
    envelope = np.abs(looks * equalize(looks)[:, None, None]).mean(axis=0)
    return np.asarray(envelope * (_rms(image) / _rms(envelope)), np.complex64)


def _centered_spectrum(
    image: Analytic, grid: ImageGrid
) -> tuple[NDArray[np.complex64], NDArray[np.float64], NDArray[np.float64]]:
    """The spectrum (n_z, n_x) with rising axes in rad/m; k_z counts from the carrier, known modulo the sampling rate.

    The carrier is the phase of the lag-one autocorrelation in depth (Kasai et al. 1985).
    """
    lag = np.vdot(image[:-1], image[1:])
    carrier_bin = round(float(np.angle(lag)) * grid.n_z / (2 * np.pi))
    spectrum = np.roll(scipy.fft.fft2(image), -carrier_bin, axis=0)
    k_z, k_x = (2 * np.pi * scipy.fft.fftfreq(n, d) for n, d in ((grid.n_z, grid.dz_m), (grid.n_x, grid.dx_m)))
    return scipy.fft.fftshift(spectrum), scipy.fft.fftshift(k_z), scipy.fft.fftshift(k_x)


def _equal_shares(k_rad_m: NDArray[np.float64], power: NDArray[np.floating], n: int) -> list[float]:
    """The wavenumbers that cut `power` into `n` equal shares."""
    below = np.cumsum(power) / power.sum()
    return [float(np.interp(i / n, below, k_rad_m)) for i in range(1, n)]


def _rms(image: NDArray[np.inexact]) -> float:
    return float(np.sqrt(np.mean(np.abs(image).astype(np.float64) ** 2)))


def _require_analytic(image: Analytic, grid: ImageGrid) -> None:
    if not np.iscomplexobj(image):
        raise ValueError(f"the image is {image.dtype}, without phase: compounding needs the complex beamformed image")
    if image.shape != grid.shape:
        raise ValueError(f"the image has shape {image.shape}, the grid {grid.shape}")
    if not np.isfinite(image).all() or not image.any():
        raise ValueError("the image is empty or holds NaN or infinity")
