"""Complex rows as vector kernels like them: 16 real parts, then their 16 imaginary parts, then those of the next 16.

A product of two such blocks takes four operations and no shuffle; of interleaved numbers it takes three shuffles more.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute import fft
from sonolucent.beamform.compute.simd import LANES, add, fma, load, multiply, negative_fma, splat, store, subtract

BLOCK = 2 * LANES
"""Floats of a block."""


@numba.njit
def n_blocks(n: int) -> int:
    """Blocks that hold a row of n numbers."""
    return (n + LANES - 1) // LANES


def padded_length(n: int) -> int:
    """Length of rows of n numbers: an odd number of whole blocks, since rows whole pages apart would thrash the
    cache."""
    return LANES * (int(n_blocks(n)) | 1)


def split_buffer(*shape: int) -> NDArray[np.float32]:
    """Zeros for rows of `shape[-1]` numbers, which must fill whole blocks: float32 (..., 2 shape[-1])."""
    return fft.real_buffer(*shape[:-1], 2 * shape[-1])


def split(rows: NDArray[np.complex64], n: int) -> NDArray[np.float32]:
    """Rows (..., m) in blocks, with zeros up to `n` numbers: float32 (..., 2 n)."""
    blocks = split_buffer(*rows.shape[:-1], n)
    apart = blocks.reshape(*rows.shape[:-1], n // LANES, 2, LANES)
    padded = np.zeros((*rows.shape[:-1], n), np.complex64)
    padded[..., : rows.shape[-1]] = rows
    padded = padded.reshape(*rows.shape[:-1], n // LANES, LANES)
    apart[..., 0, :], apart[..., 1, :] = padded.real, padded.imag
    return blocks


def pad_edge(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Real rows (..., m) that go with complex ones, the last number of each repeated to fill whole blocks."""
    missing = n_blocks(rows.shape[-1]) * LANES - rows.shape[-1]
    return np.pad(rows, [(0, 0)] * (rows.ndim - 1) + [(0, missing)], mode="edge")


def in_blocks(rows: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """Rows (n, m * width), cut into blocks of `width` that follow each other: (m, n, width)."""
    return np.ascontiguousarray(rows.reshape(len(rows), -1, width).swapaxes(0, 1))


@numba.njit(forceinline=True)
def load_block(row, first):
    """The real and the imaginary parts of the block at the float `first` of a row."""
    return load(row, first), load(row, first + LANES)


@numba.njit(forceinline=True)
def store_block(row, first, block):
    """Writes real and imaginary parts to the block at the float `first` of a row."""
    real, imaginary = block
    store(row, first, real)
    store(row, first + LANES, imaginary)


@numba.njit(forceinline=True)
def times(a, b):
    """The product of two blocks, (real, imaginary) each."""
    (a_real, a_imaginary), (b_real, b_imaginary) = a, b
    return (
        negative_fma(a_imaginary, b_imaginary, multiply(a_real, b_real)),
        fma(a_real, b_imaginary, multiply(a_imaginary, b_real)),
    )


@numba.njit(forceinline=True)
def plus(a, b):
    """The sum of two blocks."""
    return add(a[0], b[0]), add(a[1], b[1])


@numba.njit(forceinline=True)
def minus(a, b):
    """The difference of two blocks."""
    return subtract(a[0], b[0]), subtract(a[1], b[1])


@numba.njit(forceinline=True)
def scaled(factor, a):
    """A block times one real number."""
    return multiply(splat(factor), a[0]), multiply(splat(factor), a[1])
