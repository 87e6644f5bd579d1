"""The image's spectrum: its plane waves, with their wavenumbers, for filters and looks of the user's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid


@dataclass(frozen=True)
class ImageSpectrum:
    """image(x, z) = gain(x, z) * sum of values * exp(i (k_x x + k_z z)); see `FourierBeamformer.spectrum`."""

    values: NDArray[np.complex64]
    """(n_kz, n_kx)"""
    k_z_rad_m: NDArray[np.float64]
    """Depth wavenumbers, rising, (n_kz,): about twice those of the pass band, as sound travels there and back."""
    k_x_rad_m: NDArray[np.float64]
    """Lateral wavenumbers, rising, (n_kx,): sums of those of both legs."""


def from_columns(
    columns: NDArray[np.complex64], k_x_rad_m: NDArray[np.float64], lowest_k_z_rad_m: float, grid: ImageGrid
) -> ImageSpectrum:
    """From the lateral spectrum of each row, `columns` (n_kx, n_z), whose phases count from the first column."""
    k_z_rad_m = _depth_wavenumbers(lowest_k_z_rad_m, grid)
    first = round(k_z_rad_m[0] / _step(grid))
    values = np.roll(scipy.fft.fft(columns, axis=1, norm="forward"), -(first % grid.n_z), axis=1).T
    return ImageSpectrum(values * _origin(k_z_rad_m, k_x_rad_m, grid).conj(), k_z_rad_m, k_x_rad_m)


def to_columns(spectrum: ImageSpectrum, grid: ImageGrid) -> NDArray[np.complex64]:
    """What `from_columns` was given, (n_kx, n_z).

    Raises:
        ValueError: the spectrum has another shape than the grid gives.
    """
    if spectrum.values.shape != (grid.n_z, spectrum.k_x_rad_m.size):
        raise ValueError(f"the spectrum has shape {spectrum.values.shape}, not {(grid.n_z, spectrum.k_x_rad_m.size)}")
    values = spectrum.values * _origin(spectrum.k_z_rad_m, spectrum.k_x_rad_m, grid)
    first = round(spectrum.k_z_rad_m[0] / _step(grid))
    columns = scipy.fft.ifft(np.roll(values.T, first % grid.n_z, axis=1), axis=1, norm="forward")
    return np.ascontiguousarray(columns, dtype=np.complex64)


def _step(grid: ImageGrid) -> float:
    return float(2 * np.pi / (grid.n_z * grid.dz_m))


def _depth_wavenumbers(lowest_rad_m: float, grid: ImageGrid) -> NDArray[np.float64]:
    first = np.floor(lowest_rad_m / _step(grid))
    return np.asarray((first + np.arange(grid.n_z)) * _step(grid), dtype=np.float64)


def _origin(k_z: NDArray[np.float64], k_x: NDArray[np.float64], grid: ImageGrid) -> NDArray[np.complex64]:
    """The phases of the grid's first pixel."""
    return np.asarray(np.exp(1j * (k_z[:, None] * grid.z0_m + k_x * grid.x0_m)), dtype=np.complex64)
