"""OBNLM: optimised Bayesian NL-means (Coupé, Hellier, Kervrann and Barillot, IEEE TIP 18(10), 2009).

The method is patented: INRIA, FR 08/02206, WO/2009/133307. Whether the patent is in force where you are is for you to
find out before any use but research.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel

_DARKEST = 100.0
_GREY_LEVELS = 255.0


def obnlm(
    image_db: NDArray[np.float32], *, dynamic_range_db: float = 60.0, strength: float = 14.0
) -> NDArray[np.float32]:
    """A B-mode image in dB, float32 (n_z, n_x), in [-dynamic_range_db, 0], despeckled; the range stays.

    Works on grey levels 100 to 355: the lift keeps the Pearson distance, which divides by them, finite.
    """
    per_db = _GREY_LEVELS / dynamic_range_db
    grey = (image_db.astype(np.float64) + dynamic_range_db) * per_db + _DARKEST
    filtered = bayesian_nl_means(grey, strength=strength)
    return np.asarray((filtered - _DARKEST) / per_db - dynamic_range_db, np.float32).clip(-dynamic_range_db, 0)


def bayesian_nl_means(
    image: NDArray[np.float64],
    *,
    strength: float,
    patch_radius: int = 3,
    reach: int = 6,
    spacing: int = 2,
    mean_ratio: float = 0.6,
    floor: float = 1.0,
) -> NDArray[np.float64]:
    """Blocks replaced by the weighted mean of those alike, every pixel the mean of the blocks that hold it: (n_z, n_x).

    The noise model is u = v + sqrt(v) n, so blocks are compared by the Pearson distance sum((a - b)^2 / b); the
    weights are exp(-distance / strength^2). Blocks whose mean differs by more than `mean_ratio` are left out.

    Args:
        image: grey levels, positive in the mean.
        strength: the filter's h.
        patch_radius: blocks are 2 * patch_radius + 1 pixels to a side.
        reach: blocks are searched for within this many pixels to each side.
        spacing: pixels between the centres of neighbouring blocks.
        mean_ratio: mu1 of the paper, 0..1.
        floor: lowest denominator of the distance: dark pixels would otherwise outweigh all others.
    """
    margin = patch_radius
    padded = np.pad(np.asarray(image, np.float64), margin, mode="symmetric")
    total, count = np.zeros_like(padded), np.zeros_like(padded)
    search = _Search(strength**2, patch_radius, reach, spacing, mean_ratio, floor)
    _filter_blocks(padded, search, total, count)
    inside = slice(margin, -margin)
    return np.asarray((total / np.maximum(count, 1))[inside, inside])


class _Search(NamedTuple):
    """What `bayesian_nl_means` was asked for."""

    strength_squared: float
    patch_radius: int
    reach: int
    spacing: int
    mean_ratio: float
    floor: float


@kernel(error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"})
def _filter_blocks(image, search, total, count):
    """Adds the filtered blocks of `image` to `total`, and one to `count` where they lie: all (n_z, n_x).

    `search` is a `_Search`.
    """
    h_squared, radius, reach, spacing, mean_ratio, floor = search
    n_z, n_x = image.shape
    means = _block_means(image, radius)
    block = np.empty((2 * radius + 1, 2 * radius + 1))
    for i in _centers(radius, n_z, spacing):
        for j in _centers(radius, n_x, spacing):
            block[:] = 0
            weights = 0.0
            for k in range(max(i - reach, radius), min(i + reach + 1, n_z - radius)):
                for m in range(max(j - reach, radius), min(j + reach + 1, n_x - radius)):
                    ratio = means[i, j] / means[k, m]
                    if not mean_ratio < ratio < 1 / mean_ratio:
                        continue
                    weight = np.exp(-_pearson(image, (i, j), (k, m), radius, floor) / h_squared)
                    weights += weight
                    for a in range(2 * radius + 1):
                        for b in range(2 * radius + 1):
                            block[a, b] += weight * image[k - radius + a, m - radius + b]
            for a in range(2 * radius + 1):
                for b in range(2 * radius + 1):
                    total[i - radius + a, j - radius + b] += block[a, b] / weights
                    count[i - radius + a, j - radius + b] += 1


@kernel()
def _centers(radius, n, spacing):
    """Centres of blocks along an axis of `n` pixels, int64 (n_blocks,).

    The last lies at its end, so that every pixel has a block.
    """
    first, last = radius, n - radius - 1
    steps = (last - first + spacing - 1) // spacing
    centers = first + spacing * np.arange(steps + 1)
    centers[-1] = last
    return centers


@kernel(error_model="numpy")
def _block_means(image, radius):
    """The mean of the block around each pixel, (n_z, n_x); 0 where it does not fit in."""
    means = np.zeros_like(image)
    for i in range(radius, image.shape[0] - radius):
        for j in range(radius, image.shape[1] - radius):
            means[i, j] = image[i - radius : i + radius + 1, j - radius : j + radius + 1].mean()
    return means


@kernel(error_model="numpy", fastmath={"contract", "reassoc", "nsz", "arcp"}, inline="always")
def _pearson(image, center, other, radius, floor):
    """Pearson's distance of the block at `other` (row, column) from the one at `center`."""
    distance = 0.0
    for a in range(-radius, radius + 1):
        for b in range(-radius, radius + 1):
            value = image[other[0] + a, other[1] + b]
            difference = image[center[0] + a, center[1] + b] - value
            distance += difference * difference / max(value, floor)
    return distance
