"""Transposition of large arrays by blocks of whole cache lines."""

from __future__ import annotations

from sonolucent.beamform.compute.compiled import kernel

_BLOCK = 8


@kernel(boundscheck=False)
def transpose(source, target):
    """target[j, i] = source[i, j], float64 (n, m) and (m, n); complex64 arrays are passed as views of float64."""
    n, m = source.shape
    whole_n, whole_m = n - n % _BLOCK, m - m % _BLOCK
    for j in range(0, whole_m, _BLOCK):
        for i in range(0, whole_n, _BLOCK):
            for row in range(_BLOCK):
                for column in range(_BLOCK):
                    target[j + row, i + column] = source[i + column, j + row]
    for i in range(whole_n, n):
        for j in range(m):
            target[j, i] = source[i, j]
    for j in range(whole_m, m):
        for i in range(whole_n):
            target[j, i] = source[i, j]
