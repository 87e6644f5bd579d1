"""Image quality of regions: contrast, how well two can be told apart, and speckle.

A region is the array of pixel values inside a mask, of any shape. Each function says on which scale it works: a
log-compressed image (grey or dB) or the envelope.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.images import normalized

Pixels = NDArray[np.floating]

RAYLEIGH_SPECKLE_SNR = 1.9131
"""sqrt(pi / (4 - pi)): the speckle SNR of fully developed speckle."""


def cnr(inside: Pixels, outside: Pixels) -> float:
    """Contrast-to-noise ratio |mean difference| / sqrt(var + var), of a log-compressed image (grey or dB alike).

    Raises:
        ValueError: a region is empty, or both are constant.
    """
    spread = np.sqrt(_values(inside).var() + _values(outside).var())
    if spread == 0:
        raise ValueError("both regions are constant: their contrast-to-noise ratio is undefined")
    return float(abs(inside.mean() - outside.mean()) / spread)


def cnr_as_printed(inside_db: Pixels, outside_db: Pixels, *, dynamic_range_db: float = 60.0) -> float:
    """|mean difference| / sqrt(std + std) on grey values 0..255, the formula that the enhancement's paper prints.

    Standard deviations stand where variances belong, so the value has a unit: grey scaled by a scales it by sqrt(a).
    It is here for comparison with printed figures alone; `cnr` is the ratio.

    Raises:
        ValueError: a region is empty, or both are constant.
    """
    inside, outside = (255 * normalized(_values(region), dynamic_range_db) for region in (inside_db, outside_db))
    spread = inside.std() + outside.std()
    if spread == 0:
        raise ValueError("both regions are constant: their contrast-to-noise ratio is undefined")
    return float(abs(inside.mean() - outside.mean()) / np.sqrt(spread))


def gcnr(inside: Pixels, outside: Pixels, *, bins: int = 100, value_range: tuple[float, float] = (-60.0, 0.0)) -> float:
    """Generalised CNR, 0..1: one minus the overlap of the regions' histograms (Rodriguez-Molares et al. 2020).

    Grey-level maps hardly change it, unlike CNR. Values beyond `value_range` count in the end bins, so that it depends
    on nothing but the two regions. Take at least 1000 pixels a region: few pixels fill few bins and look separable.

    Raises:
        ValueError: a region is empty.
    """
    edges = np.linspace(*value_range, bins + 1)
    n_inside, n_outside = (np.histogram(_values(region).clip(*value_range), edges)[0] for region in (inside, outside))
    # In whole numbers, so that equal regions have nought, not a rounding error.
    n_shared = np.minimum(n_inside * outside.size, n_outside * inside.size).sum()
    return float(1 - n_shared / (inside.size * outside.size))


def contrast_db(inside_db: Pixels, outside_db: Pixels) -> float:
    """Mean level of one region over that of another, in dB, of a log-compressed image.

    Raises:
        ValueError: a region is empty.
    """
    return float(_values(inside_db).mean() - _values(outside_db).mean())


def contrast_error_db(inside_db: Pixels, outside_db: Pixels, nominal_db: float) -> float:
    """Contrast fidelity: measured less nominal contrast in dB; 0 is faithful.

    Negative where a dark region is shown darker than it is: contrast stretched, which CNR rewards.

    Raises:
        ValueError: a region is empty.
    """
    return contrast_db(inside_db, outside_db) - nominal_db


def enl(envelope: Pixels) -> float:
    """Equivalent number of looks (mean / standard deviation)^2 of the intensity envelope^2; 1 for plain speckle.

    Raises:
        ValueError: the region is empty or constant.
    """
    return speckle_snr(_values(envelope) ** 2) ** 2


def speckle_snr(envelope: Pixels) -> float:
    """Mean over standard deviation of the envelope of a uniform region (`RAYLEIGH_SPECKLE_SNR` for plain speckle).

    Raises:
        ValueError: the region is empty or constant.
    """
    spread = _values(envelope).std()
    if spread == 0:
        raise ValueError("the region is constant: its speckle signal-to-noise ratio is undefined")
    return float(envelope.mean() / spread)


def _values(region: Pixels) -> Pixels:
    if region.size == 0:
        raise ValueError("the region is empty: its mask selects no pixel")
    return region
