"""Products of matrices on the calling thread alone: BLAS shares them out among threads of its own, which go on spinning
for a while and keep the frames that are imaged meanwhile from their cores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel


def product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, m) times (m, k), in double precision; of complex columns give the real view."""
    out = np.zeros((left.shape[0], right.shape[1]))
    _multiply(np.ascontiguousarray(left), np.ascontiguousarray(right), out)
    return out


@kernel(fastmath=True)
def _multiply(left, right, out):
    """Four rows of `right` at a time, so that a row of `out` is read and written a quarter as often."""
    n, m = left.shape
    for row in range(n):
        sums = out[row]
        for i in range(0, m - 3, 4):
            a, b, c, d = left[row, i], left[row, i + 1], left[row, i + 2], left[row, i + 3]
            e, f, g, h = right[i], right[i + 1], right[i + 2], right[i + 3]
            for column in range(sums.size):
                sums[column] += a * e[column] + b * f[column] + c * g[column] + d * h[column]
        for i in range(m - m % 4, m):
            for column in range(sums.size):
                sums[column] += left[row, i] * right[i, column]
