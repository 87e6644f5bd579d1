"""SRAD: speckle-reducing anisotropic diffusion (Yu and Acton, IEEE TIP 11(11), 2002)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel

Envelope = NDArray[np.float64]

_BLOCK = 16


def srad(image_db: NDArray[np.float32], *, iterations: int = 80, step: float = 0.2) -> NDArray[np.float32]:
    """A B-mode image in dB, float32 (n_z, n_x), despeckled on its envelope; the range stays within the input's."""
    envelope = 10 ** (image_db.astype(np.float64) / 20)
    return np.asarray(20 * np.log10(diffuse(envelope, iterations=iterations, step=step)), np.float32)


def diffuse(envelope: Envelope, *, iterations: int, step: float) -> Envelope:
    """A positive image, linear in amplitude, diffused along but not across edges: float64 (n_z, n_x).

    dI/dt = div(c(q) grad I) with c = 1 / (1 + (q^2 - q0^2) / (q0^2 (1 + q0^2))), where q is the instantaneous
    coefficient of variation and q0 that of speckle. The fluxes are conservative, so the mean stays; borders let none
    through.

    Args:
        envelope: positive, float64 (n_z, n_x).
        iterations: time steps.
        step: length of one; at most 1, beyond which the explicit scheme is unstable.

    Raises:
        ValueError: values that are not positive and finite, or a step beyond 0..1.
    """
    if not (np.isfinite(envelope).all() and (envelope > 0).all()):
        raise ValueError("SRAD takes positive, finite amplitudes; lift zeros to the floor of the dynamic range")
    if not 0 < step <= 1:
        raise ValueError(f"step must lie in (0, 1], not {step:g}")
    image = np.array(envelope, np.float64)
    diffusivity = np.empty_like(image)
    for _ in range(iterations):
        speckle = speckle_variation(image)
        if speckle == 0:
            break
        _diffusivity(image, speckle**2, diffusivity)
        image = _step(image, diffusivity, step / 4)
    return image


def speckle_variation(image: Envelope) -> float:
    """q0, the coefficient of variation of speckle: the median over blocks of 16 x 16 pixels.

    It stands for the paper's homogeneous region, which somebody would have to point at in every image.
    """
    n_z, n_x = (max(n // _BLOCK, 1) * min(n, _BLOCK) for n in image.shape)
    n_rows, n_columns = (min(n, _BLOCK) for n in image.shape)
    blocks = image[:n_z, :n_x].reshape(n_z // n_rows, n_rows, n_x // n_columns, n_columns)
    return float(np.median(blocks.std(axis=(1, 3)) / blocks.mean(axis=(1, 3))))


@kernel()
def _diffusivity(image, speckle_squared, diffusivity):
    """c(q) of every pixel; borders are replicated."""
    n_z, n_x = image.shape
    for i in range(n_z):
        above, below = max(i - 1, 0), min(i + 1, n_z - 1)
        for j in range(n_x):
            pixel = image[i, j]
            north, south = image[above, j] - pixel, image[below, j] - pixel
            west, east = image[i, max(j - 1, 0)] - pixel, image[i, min(j + 1, n_x - 1)] - pixel
            gradient = (north * north + south * south + west * west + east * east) / (pixel * pixel)
            laplacian = (north + south + west + east) / pixel
            variation = (0.5 * gradient - laplacian * laplacian / 16) / (1 + 0.25 * laplacian) ** 2
            excess = (variation - speckle_squared) / (speckle_squared * (1 + speckle_squared))
            diffusivity[i, j] = min(max(1 / (1 + excess), 0.0), 1.0) if excess > -1 else 1.0


@kernel()
def _step(image, diffusivity, weight):
    """The next image (n_z, n_x). Between two pixels flows what the lower or right one's diffusivity, (n_z, n_x), lets
    through, times the weight of a step."""
    n_z, n_x = image.shape
    result = image.copy()
    for i in range(n_z):
        for j in range(n_x):
            if i > 0:
                flux = weight * diffusivity[i, j] * (image[i, j] - image[i - 1, j])
                result[i, j] -= flux
                result[i - 1, j] += flux
            if j > 0:
                flux = weight * diffusivity[i, j] * (image[i, j] - image[i, j - 1])
                result[i, j] -= flux
                result[i, j - 1] += flux
    return result
