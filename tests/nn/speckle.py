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


def distance_m(grid: ImageGrid, x_m: float = 0.0, z_m: float | None = None) -> np.ndarray:
    """Distance of each pixel from a point, by default the middle of the image."""
    z_m = float(grid.z_m.mean()) if z_m is None else z_m
    return np.hypot(grid.z_m[:, None] - z_m, grid.x_m - x_m)


def random_cyst(grid: ImageGrid, seed: int) -> np.ndarray:
    """Speckle with one round cyst at random, darker or brighter than the rest."""
    rng = np.random.default_rng(seed)
    center = rng.uniform(-5e-3, 5e-3), rng.uniform(6e-3, 14e-3)
    inside = distance_m(grid, *center) < rng.uniform(1e-3, 3e-3)
    return speckle(grid, seed, np.where(inside, rng.choice([-20, -10, -6, 6]), 0))
