"""Images between the pixels that they come in and those that a network takes them in, without allocation.

On the way there amplitudes are interpolated, for it is they that speckle and points add up in. On the way back it is
decibels: by then speckle is gone. Both by Catmull and Rom's cubic, which is not widened for coarser pixels: those still
sample every grain. Of the kernels and scales tried, it left the least error and false structure
(`tests/campaigns/grain_matching.py`).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel, read_only
from sonolucent.beamform.compute.powers_of_two import exp2, log2
from sonolucent.nn.images import BMode, ImageShape

_MARGIN = 3
_OCTAVES_PER_DB = np.float32(math.log2(10) / 20)
_FASTMATH = {"contract", "nsz", "arcp"}


class Resampler:
    """Images of one shape as images of another that show the same, and back.

    Args:
        shape: (n_z, n_x) of the images that come.
        inner: (n_z, n_x) of those between `there` and `back`.
        dynamic_range_db: images lie in [-dynamic_range_db, 0]; what does not is clipped, NaN to the floor.
    """

    def __init__(self, shape: ImageShape, inner: ImageShape, dynamic_range_db: float) -> None:
        self.shape, self.inner = shape, inner
        self._range_db = np.float32(dynamic_range_db)
        self._there = [_taps(n, m) for n, m in zip(shape, inner, strict=True)]
        self._back = [_taps(m, n) for n, m in zip(shape, inner, strict=True)]
        self._amplitude = np.empty(shape, np.float32)
        self._line = np.empty(max(shape[1], inner[1]) + 2 * _MARGIN, np.float32)

    def there(self, image_db: BMode, out: BMode) -> None:
        """An image of `shape` into one of `inner`."""
        _to_amplitude(read_only(image_db), self._range_db, self._amplitude)
        _interpolate(self._amplitude, *self._there[0], *self._there[1], self._line, out)
        _to_decibels(out, self._range_db)

    def back(self, image_db: BMode, out: BMode) -> None:
        """An image of `inner` into one of `shape`."""
        _interpolate(image_db, *self._back[0], *self._back[1], self._line, out)
        np.clip(out, -self._range_db, 0, out=out)


def _taps(n_from: int, n_to: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """For each of `n_to` pixels that span what `n_from` do, the first of the four that it is made of, (n_to,), and
    their weights, (4, n_to). Pixels beyond the edges repeat those at them."""
    centre = (np.arange(n_to) + 0.5) * n_from / n_to - 0.5
    first = np.floor(centre).astype(np.int64) - 1
    distance = np.abs(centre - first - np.arange(4)[:, None])
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return first, weights.astype(np.float32)


@kernel(fastmath=_FASTMATH, error_model="numpy", boundscheck=False)
def _to_amplitude(image_db, dynamic_range_db, out):
    """Amplitudes of decibels, float32 (n_z, n_x); NaN counts as the floor."""
    for row in range(image_db.shape[0]):
        for column in range(image_db.shape[1]):
            value = image_db[row, column]
            value = value if value > -dynamic_range_db else -dynamic_range_db
            out[row, column] = exp2(min(value, np.float32(0)) * _OCTAVES_PER_DB)


@kernel(fastmath=_FASTMATH, error_model="numpy", boundscheck=False)
def _to_decibels(image, dynamic_range_db):
    """Decibels of amplitudes, in place; float32 (n_z, n_x)."""
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            octaves = log2(max(image[row, column], np.float32(1e-30)))
            image[row, column] = min(max(octaves / _OCTAVES_PER_DB, -dynamic_range_db), np.float32(0))


@kernel(fastmath=_FASTMATH, error_model="numpy", boundscheck=False)
def _interpolate(image, rows, row_weights, columns, column_weights, line, out):
    """Weighted sums of four rows each, in `line` between its margins, then of four columns each: float32 (n_z, n_x)
    into (m_z, m_x)."""
    n_z, n_x = image.shape
    for row in range(out.shape[0]):
        first = rows[row]
        above, upper = image[min(max(first, 0), n_z - 1)], image[min(max(first + 1, 0), n_z - 1)]
        lower, below = image[min(max(first + 2, 0), n_z - 1)], image[min(max(first + 3, 0), n_z - 1)]
        a, b, c, d = row_weights[0, row], row_weights[1, row], row_weights[2, row], row_weights[3, row]
        for column in range(n_x):
            line[_MARGIN + column] = a * above[column] + b * upper[column] + c * lower[column] + d * below[column]
        line[:_MARGIN] = line[_MARGIN]
        line[_MARGIN + n_x : 2 * _MARGIN + n_x] = line[_MARGIN + n_x - 1]
        for column in range(out.shape[1]):
            first = _MARGIN + columns[column]
            out[row, column] = (
                column_weights[0, column] * line[first]
                + column_weights[1, column] * line[first + 1]
                + column_weights[2, column] * line[first + 2]
                + column_weights[3, column] * line[first + 3]
            )
