"""Analytic speckle images drawn straight from their spectrum: a stand-in for simulated and beamformed frames."""

import numpy as np

from sonolucent.beamform import ImageGrid

CARRIER_RAD_M = 61.2e3


def a_grid(n_z: int = 160, n_x: int = 96) -> ImageGrid:
    """Pixels of the reference image, fewer of them."""
    return ImageGrid(x0_m=-n_x / 2 * 0.15625e-3, z0_m=5e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=n_z, n_x=n_x)


def speckle(grid: ImageGrid, seed: int, level_db: np.ndarray | float = 0.0) -> np.ndarray:
    """Fully developed speckle of the given level (n_z, n_x), with the reference image's bandwidths."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((2, *grid.shape))
    k_x = 2 * np.pi * np.fft.fftfreq(grid.n_x, grid.dx_m)
    steps = 2 * np.pi * np.fft.fftfreq(grid.n_z) - CARRIER_RAD_M * grid.dz_m
    k_z = np.angle(np.exp(1j * steps)) / grid.dz_m
    spectrum = np.maximum(0, 1 - np.abs(k_x) / 12e3) * np.exp(-((k_z / 16e3) ** 2))[:, None]
    scatterers = (noise[0] + 1j * noise[1]) * 10 ** (np.asarray(level_db) / 20)
    z = np.arange(grid.n_z)[:, None] * grid.dz_m
    carrier = np.exp(1j * CARRIER_RAD_M * z)
    return np.fft.ifft2(np.fft.fft2(scatterers * carrier) * spectrum).astype(np.complex64)


def cyst_level_db(grid: ImageGrid, contrast_db: float, radius_m: float = 2e-3) -> tuple[np.ndarray, np.ndarray]:
    """Levels with a round cyst in the middle, and where it is."""
    z_m, x_m = grid.z_m - grid.z_m.mean(), grid.x_m - grid.x_m.mean()
    inside = np.hypot(z_m[:, None], x_m) < radius_m
    return np.where(inside, contrast_db, 0.0), inside
