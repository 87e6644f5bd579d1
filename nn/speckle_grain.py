"""The grain of speckle in pixels, measured in an image: a network knows the one that it was trained on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from sonolucent.nn.images import BMode

_TILE = 96, 64
_LOCAL_MEAN = 33, 25
_REFERENCE = 1.36, 1.8
"""Rows and columns of a tile, and of what a local mean is taken over, where grains have these half-widths: many grains,
and few of what tissue is made of. They grow with the grain: an image of twice the pixels has exactly twice of it."""
_PASSES, _SETTLED = 3, 0.05
"""Tiles fit the grain that the pass before found, until it changes by less than this share."""
_LEAST_TILE = 24
_ODD_SHARE, _ODD_DB = 0.02, 0.5
"""A tile with more than such a share of its pixels so near to floor or ceiling is left out: they have been clipped."""
_CONTRAST = 0.4, 0.75
"""Standard deviation over mean of speckle's amplitude; 0.52 where it is fully developed."""
_LEAST_TILES = 2
_LEAST_CORRELATION = 0.01


_Pixels = Annotated[float, msgspec.Meta(gt=0, le=1000)]


class SpeckleGrain(msgspec.Struct, frozen=True):
    """Half the width of a grain in pixels, down the rows and across the columns: where the autocorrelation of
    amplitude over its local mean, less 1, has fallen to a half."""

    rows: _Pixels
    columns: _Pixels

    @property
    def both(self) -> tuple[float, float]:
        """Rows, then columns."""
        return self.rows, self.columns

    def __str__(self) -> str:
        return f"{self.rows:.2f} x {self.columns:.2f}"


def measure_grain(image_db: BMode, dynamic_range_db: float) -> SpeckleGrain | None:
    """The grain of an image (n_z, n_x) in [-dynamic_range_db, 0] dB: the median over its tiles of speckle.

    None where it shows too little speckle to tell.
    """
    grain = _REFERENCE
    for _ in range(_PASSES):
        scale = [measured / reference for measured, reference in zip(grain, _REFERENCE, strict=True)]
        widths = list(_widths(image_db, dynamic_range_db, _scaled(_TILE, scale), _scaled(_LOCAL_MEAN, scale)))
        if len(widths) < _LEAST_TILES:
            return None
        before, grain = grain, tuple(np.median(widths, axis=0))
        if np.allclose(grain, before, rtol=_SETTLED):
            break
    return SpeckleGrain(*(round(float(width), 3) for width in grain))


def median_grain(images_db: Iterable[BMode], dynamic_range_db: float) -> SpeckleGrain | None:
    """The grain of many images that are made in one way; None where none of them tells."""
    grains = [grain for image in images_db if (grain := measure_grain(image, dynamic_range_db)) is not None]
    if not grains:
        return None
    rows, columns = np.median([grain.both for grain in grains], axis=0)
    return SpeckleGrain(round(float(rows), 3), round(float(columns), 3))


def _scaled(sizes: tuple[int, int], scale: list[float]) -> tuple[int, int]:
    rows, columns = (round(size * factor) for size, factor in zip(sizes, scale, strict=True))
    return rows, columns


def _widths(
    image: BMode, dynamic_range_db: float, size: tuple[int, int], local: tuple[int, int]
) -> Iterator[tuple[float, float]]:
    for tile in _tiles(image, size):
        speckle = _speckle(tile, dynamic_range_db, local)
        if speckle is not None:
            yield _half_width(speckle), _half_width(speckle.T)


def _tiles(image: BMode, size: tuple[int, int]) -> Iterator[BMode]:
    """Tiles side by side over all of an image, at least two each way; none of one that is too small."""
    rows, columns = (min(wanted, n // 2) for wanted, n in zip(size, image.shape, strict=True))
    if min(rows, columns) < _LEAST_TILE:
        return
    for top, left in product(
        range(0, image.shape[0] - rows + 1, rows), range(0, image.shape[1] - columns + 1, columns)
    ):
        yield image[top : top + rows, left : left + columns]


def _speckle(tile: BMode, dynamic_range_db: float, local: tuple[int, int]) -> NDArray[np.float32] | None:
    """Amplitude over its local mean, of mean 0; None where that is no speckle."""
    clipped = ~((tile > _ODD_DB - dynamic_range_db) & (tile < -_ODD_DB))
    if clipped.mean() > _ODD_SHARE:
        return None
    amplitude = np.exp(np.nan_to_num(tile, nan=-dynamic_range_db) * np.float32(math.log(10) / 20))
    speckle = amplitude / uniform_filter(amplitude, local, mode="nearest")
    if not _CONTRAST[0] < speckle.std() < _CONTRAST[1]:
        return None
    return np.asarray(speckle - speckle.mean())


def _half_width(speckle: NDArray[np.float32]) -> float:
    """Down the rows; between lags as if the autocorrelation were a Gaussian there."""
    variance, before = float(np.mean(speckle**2)), 0.0
    for lag in range(1, len(speckle) // 2):
        correlation = float(np.mean(speckle[lag:] * speckle[:-lag])) / variance
        here = math.log(max(correlation, _LEAST_CORRELATION))
        if correlation <= 0.5:
            share = (before + math.log(2)) / (before - here)
            return math.sqrt((lag - 1) ** 2 + share * (2 * lag - 1))
        before = here
    return len(speckle) / 2
