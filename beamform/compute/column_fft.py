"""FFTs down the columns of a matrix, 16 columns at a time: a vector holds one row's numbers, so nothing is shuffled.

Short transforms of many columns are what a library does worst: it transforms contiguous rows, so the matrix has to be
transposed before and after. Here the first pass reads the rows from where they are, and the last one writes them to
where they are wanted. In between, 16 columns lie in the first cache.

The algorithm is Stockham's (Cochran et al., "What is the fast Fourier transform?", IEEE Trans. Audio 15(2), 1967): each
pass takes the next factor of the length, and the order comes out right by itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.butterflies import butterfly_3, butterfly_4, butterfly_5
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import splat
from sonolucent.beamform.compute.split_complex import BLOCK, load_block, minus, plus, store_block, times

_RADICES = (4, 2, 3, 5)


class ColumnFft(NamedTuple):
    """Tables of a transform of n rows."""

    radices: NDArray[np.int64]
    """Of each pass, (n_passes,)."""
    twiddles: NDArray[np.float32]
    """exp(-2 pi i k / n), cosine and sine in turn: (2 n,)."""
    buffer_at: NDArray[np.int64]
    """The float at which each row of a work buffer begins, (n,)."""


def column_length(minimum: float) -> int:
    """The shortest length from `minimum` on that can be transformed, a multiple of 8."""
    n = 8 * max(1, math.ceil(minimum / 8))
    while not can_plan_columns(n):
        n += 8
    return n


def can_plan_columns(n: int) -> bool:
    """Whether n is a product of at least two of 2, 3, 4 and 5."""
    radices = _radices(n)
    return len(radices) > 1 and math.prod(radices) == n


def plan_columns(n: int) -> ColumnFft:
    """Forward, e^(-i...), of n rows.

    Raises:
        ValueError: there is no plan for so many rows; `column_length` names more that have one.
    """
    if not can_plan_columns(n):
        raise ValueError(f"no transform of columns of {n} rows, but one of {column_length(n)}")
    turns = np.exp(-2j * np.pi * np.arange(n) / n).astype(np.complex64)
    return ColumnFft(np.array(_radices(n), np.int64), turns.view(np.float32), BLOCK * np.arange(n))


def column_buffer(n: int) -> NDArray[np.float32]:
    """What `transform_columns` works in, of one thread: (2, n * BLOCK)."""
    return fft.real_buffer(2, n * BLOCK)


def _radices(n: int) -> list[int]:
    """Radices that divide n one after the other; their product is n, or a divisor of it."""
    radices = []
    for radix in _RADICES:
        while n % radix == 0:
            radices.append(radix)
            n //= radix
    return radices


@kernel(boundscheck=False)
def transform_columns(plan, source, read_at, target, write_at, write_step, n_blocks, work):
    """Transforms the first `n_blocks` blocks of columns of `source`'s rows into rows of `target`.

    Args:
        plan: `ColumnFft` of n rows.
        source: float32, flat; its rows as in `split_complex.py`.
        read_at: the float at which each row begins, int64 (n,).
        target: written to, float32, flat.
        write_at: where the first block of each row goes, int64 (n,).
        write_step: floats from there to where the next block goes.
        n_blocks: how many.
        work: see `column_buffer`.
    """
    radices, twiddles, buffer_at = plan
    n = read_at.size
    for block in range(n_blocks):
        first, stride = block * BLOCK, 1
        _pass(radices[0], 1, twiddles, source, read_at, first, work[0], buffer_at, 0)
        for i in range(1, radices.size - 1):
            stride *= radices[i - 1]
            _pass(radices[i], stride, twiddles, work[(i - 1) % 2], buffer_at, 0, work[i % 2], buffer_at, 0)
        last = radices.size - 1
        here, there = work[(last - 1) % 2], block * write_step
        _pass(radices[last], n // radices[last], twiddles, here, buffer_at, 0, target, write_at, there)


@kernel(boundscheck=False)
def _pass(radix, stride, twiddles, source, read_at, read_first, target, write_at, write_first):
    """Takes rows from `source` to `target` by butterflies of `radix`, whose rows of `target` lie `stride` apart."""
    if radix == 4:
        _pass_of_4(stride, twiddles, source, read_at, read_first, target, write_at, write_first)
    elif radix == 2:
        _pass_of_2(stride, twiddles, source, read_at, read_first, target, write_at, write_first)
    elif radix == 3:
        _pass_of_3(stride, twiddles, source, read_at, read_first, target, write_at, write_first)
    else:
        _pass_of_5(stride, twiddles, source, read_at, read_first, target, write_at, write_first)


@kernel(boundscheck=False)
def _pass_of_2(stride, twiddles, source, read_at, read_first, target, write_at, write_first):
    rest = read_at.size // 2
    for p in range(0, rest, stride):
        w1 = _twiddle(twiddles, p)
        for q in range(stride):
            i, o = p + q, 2 * p + q
            a, b = _read(source, read_at, i, read_first), _read(source, read_at, i + rest, read_first)
            _write(target, write_at, o, write_first, plus(a, b))
            _write(target, write_at, o + stride, write_first, times(w1, minus(a, b)))


@kernel(boundscheck=False)
def _pass_of_3(stride, twiddles, source, read_at, read_first, target, write_at, write_first):
    rest = read_at.size // 3
    for p in range(0, rest, stride):
        w1, w2 = _twiddle(twiddles, p), _twiddle(twiddles, 2 * p)
        for q in range(stride):
            i, o = p + q, 3 * p + q
            a, b = _read(source, read_at, i, read_first), _read(source, read_at, i + rest, read_first)
            c = _read(source, read_at, i + 2 * rest, read_first)
            a, b, c = butterfly_3(a, b, c)
            _write(target, write_at, o, write_first, a)
            _write(target, write_at, o + stride, write_first, times(w1, b))
            _write(target, write_at, o + 2 * stride, write_first, times(w2, c))


@kernel(boundscheck=False)
def _pass_of_4(stride, twiddles, source, read_at, read_first, target, write_at, write_first):
    rest = read_at.size // 4
    for p in range(0, rest, stride):
        w1, w2, w3 = _twiddle(twiddles, p), _twiddle(twiddles, 2 * p), _twiddle(twiddles, 3 * p)
        for q in range(stride):
            i, o = p + q, 4 * p + q
            a, b = _read(source, read_at, i, read_first), _read(source, read_at, i + rest, read_first)
            c, d = _read(source, read_at, i + 2 * rest, read_first), _read(source, read_at, i + 3 * rest, read_first)
            a, b, c, d = butterfly_4(a, b, c, d)
            _write(target, write_at, o, write_first, a)
            _write(target, write_at, o + stride, write_first, times(w1, b))
            _write(target, write_at, o + 2 * stride, write_first, times(w2, c))
            _write(target, write_at, o + 3 * stride, write_first, times(w3, d))


@kernel(boundscheck=False)
def _pass_of_5(stride, twiddles, source, read_at, read_first, target, write_at, write_first):
    rest = read_at.size // 5
    for p in range(0, rest, stride):
        w1, w2 = _twiddle(twiddles, p), _twiddle(twiddles, 2 * p)
        w3, w4 = _twiddle(twiddles, 3 * p), _twiddle(twiddles, 4 * p)
        for q in range(stride):
            i, o = p + q, 5 * p + q
            a, b = _read(source, read_at, i, read_first), _read(source, read_at, i + rest, read_first)
            c, d = _read(source, read_at, i + 2 * rest, read_first), _read(source, read_at, i + 3 * rest, read_first)
            e = _read(source, read_at, i + 4 * rest, read_first)
            a, b, c, d, e = butterfly_5(a, b, c, d, e)
            _write(target, write_at, o, write_first, a)
            _write(target, write_at, o + stride, write_first, times(w1, b))
            _write(target, write_at, o + 2 * stride, write_first, times(w2, c))
            _write(target, write_at, o + 3 * stride, write_first, times(w3, d))
            _write(target, write_at, o + 4 * stride, write_first, times(w4, e))


@kernel(boundscheck=False, forceinline=True)
def _twiddle(twiddles, k):
    return splat(twiddles[2 * k]), splat(twiddles[2 * k + 1])


@kernel(boundscheck=False, forceinline=True)
def _read(source, read_at, i, first):
    return load_block(source, read_at[np.uintp(i)] + first)


@kernel(boundscheck=False, forceinline=True)
def _write(target, write_at, i, first, block):
    store_block(target, write_at[np.uintp(i)] + first, block)
