"""The test image of Coupé et al. 2009, Table II: a modified Shepp-Logan phantom (Toft 1996) with speckle-like noise."""

import numpy as np

# Grey level, semi-axes, centre, and angle in degrees of each ellipse, on -1..1.
_ELLIPSES = (
    (1.0, 0.69, 0.92, 0.0, 0.0, 0),
    (-0.8, 0.6624, 0.874, 0.0, -0.0184, 0),
    (-0.2, 0.11, 0.31, 0.22, 0.0, -18),
    (-0.2, 0.16, 0.41, -0.22, 0.0, 18),
    (0.1, 0.21, 0.25, 0.0, 0.35, 0),
    (0.1, 0.046, 0.046, 0.0, 0.1, 0),
    (0.1, 0.046, 0.046, 0.0, -0.1, 0),
    (0.1, 0.046, 0.023, -0.08, -0.605, 0),
    (0.1, 0.023, 0.023, 0.0, -0.606, 0),
    (0.1, 0.023, 0.046, 0.06, -0.605, 0),
)


def shepp_logan(n: int = 256) -> np.ndarray:
    """Grey levels 0..1, (n, n)."""
    y, x = np.mgrid[1 : -1 : n * 1j, -1 : 1 : n * 1j]
    image = np.zeros((n, n))
    for level, a, b, x0, y0, degrees in _ELLIPSES:
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        image[((c * (x - x0) + s * (y - y0)) / a) ** 2 + ((c * (y - y0) - s * (x - x0)) / b) ** 2 <= 1] += level
    return image


def coupe_images(sigma: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Clean and noisy: u = v + v n with n normal, of standard deviation `sigma`."""
    clean = 20 * (shepp_logan() + 0.5)
    return clean, clean * (1 + sigma * np.random.default_rng(seed).standard_normal(clean.shape))


def coupe_snr(clean: np.ndarray, image: np.ndarray) -> float:
    """The paper's SNR. Its published figures are natural, not decadic, decibels."""
    return float(10 * np.log(np.sum(clean**2 + image**2) / np.sum((clean - image) ** 2)))
