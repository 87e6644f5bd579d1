"""Delay-and-sum in single precision: one pixel and one pair of elements at a time, eight samples of its trace at once.

Delays are whole numbers of 2^-20 samples, so that a pair's is one addition, and so are its sample and its fraction of a
sample one shift each. Eight-point Lagrange interpolation makes one vector of the eight complex samples around it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.simd import LANES, fma, load, multiply, splat, store

TAPS = LANES // 2
"""Samples that an interpolation reads; a vector holds as many complex numbers."""
LEAD = TAPS // 2 - 1
"""How many of them lie before the one that the delay falls behind."""
_SAMPLE_BITS = 20
_TABLE_BITS = 9
_UNIT = float(1 << _SAMPLE_BITS)
_TO_TABLE = _SAMPLE_BITS - _TABLE_BITS
_IN_TABLE = (1 << _TABLE_BITS) - 1
_FASTMATH = {"contract", "reassoc", "nsz", "arcp"}


def interpolation_table() -> NDArray[np.float32]:
    """Lagrange's weights of samples -3..4 for each fraction k / 512, each twice (real and imaginary part), flat."""
    nodes = np.arange(TAPS) - LEAD
    fraction = np.arange(1 << _TABLE_BITS) / (1 << _TABLE_BITS)
    others = np.tile(nodes, (TAPS, 1))[~np.eye(TAPS, dtype=bool)].reshape(TAPS, TAPS - 1)
    weights = ((fraction[:, None, None] - others) / (nodes[:, None] - others)).prod(-1)
    return np.repeat(weights, 2, axis=-1).astype(np.float32).reshape(-1)


@kernel(boundscheck=False, fastmath=_FASTMATH)
def sum_pairs(  # type: ignore[no-untyped-def]
    first_row,
    last_row,
    traces,
    taps,
    transmit_x,
    receive_x,
    transmit_weight,
    receive_weight,
    x,
    z,
    samples_per_m,
    first_sample,
    cycles_per_m,
    is_folded,
    image,
):
    """Adds rows first_row..last_row of the image. `is_folded`: traces[t, r] of r >= t hold both directions' sum."""
    receive = _leg(receive_x.size)
    transmit = receive if is_folded else _leg(transmit_x.size)
    stride, n_windows = traces.shape[2], traces.shape[2] // 2 - TAPS
    flat, scratch = traces.reshape(-1), np.empty(2 * LANES, np.float32)
    start = round(first_sample * _UNIT) - (1 << (_TO_TABLE - 1))  # half a step of the table: rounds to the nearest
    for column in range(x.size):
        for row in range(first_row, last_row):
            where = x[column], z[row], samples_per_m, cycles_per_m
            first, last = first_t, last_t = _aim(receive_x, receive_weight[row, column], *where, *receive)
            if not is_folded:
                first_t, last_t = _aim(transmit_x, transmit_weight[row, column], *where, *transmit)
            real, imaginary = splat(np.float32(0)), splat(np.float32(0))
            for t in range(first_t, last_t):
                first_r = max(first, t) if is_folded else first
                where_t = t * receive_x.size, stride, n_windows, transmit[0][t] - start
                a, b = _sum_receive(flat, taps, *where_t, first_r, last, *receive)
                real, imaginary = _add_turned(a, b, transmit[1][t], transmit[2][t], real, imaginary)
            image[row, column] += _total(real, imaginary, scratch)


@kernel(boundscheck=False)
def _leg(n_elements):  # type: ignore[no-untyped-def]
    """Room for one leg's delays and the two parts of its weighted carrier phasors."""
    return np.empty(n_elements, np.int64), np.empty(n_elements, np.float32), np.empty(n_elements, np.float32)


@kernel(boundscheck=False, fastmath=_FASTMATH, forceinline=True)
def _aim(element_x, weight, x, z, samples_per_m, cycles_per_m, delay, real, imaginary):  # type: ignore[no-untyped-def]
    """Fills in one leg to a pixel; returns the first and the end of the elements that have weight."""
    first, last = 0, element_x.size
    while first < last and weight[first] == 0:
        first += 1
    while last > first and weight[last - 1] == 0:
        last -= 1
    for e in range(first, last):
        distance = math.sqrt((element_x[e] - x) ** 2 + z * z)
        delay[e] = np.int64(distance * (samples_per_m * _UNIT))
        cosine, sine = _turn(distance * cycles_per_m)
        real[e], imaginary[e] = weight[e] * cosine, weight[e] * sine
    return first, last


@kernel(fastmath=_FASTMATH, forceinline=True)
def _turn(turns):  # type: ignore[no-untyped-def]
    """Cosine and sine of 2 pi turns, to 1e-5: Taylor's series of half the angle, which vectorise."""
    half = math.pi * (turns - math.floor(turns + 0.5))
    q = half * half
    sine = half * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72))))
    cosine = 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90))))
    return 1 - 2 * sine * sine, 2 * sine * cosine


@kernel(boundscheck=False, fastmath=_FASTMATH, forceinline=True)
def _sum_receive(  # type: ignore[no-untyped-def]
    flat, taps, row, stride, n_windows, start, first, last, delay, real, imaginary
):
    """Eight terms of the sum, not yet added up, times the phasors' real parts, and times their imaginary parts."""
    a, b = splat(np.float32(0)), splat(np.float32(0))
    for r in range(first, last):
        position = start + delay[r]
        i = position >> _SAMPLE_BITS
        if 0 <= i < n_windows:
            fraction = (position >> _TO_TABLE) & _IN_TABLE
            sample = multiply(load(taps, LANES * fraction), load(flat, (row + r) * stride + 2 * i))
            a = fma(splat(real[r]), sample, a)
            b = fma(splat(imaginary[r]), sample, b)
    return a, b


@kernel(forceinline=True)
def _add_turned(a, b, cosine, sine, real, imaginary):  # type: ignore[no-untyped-def]
    """(real + i imaginary) + (cosine + i sine) (a + i b), where each of real, imaginary, a, b holds complex numbers."""
    c, s, minus_s = splat(cosine), splat(sine), splat(-sine)
    return fma(c, a, fma(minus_s, b, real)), fma(c, b, fma(s, a, imaginary))


@kernel(boundscheck=False, forceinline=True)
def _total(real, imaginary, vector):  # type: ignore[no-untyped-def]
    """Sum over the eight complex numbers of real + i imaginary."""
    store(vector, 0, real)
    store(vector, LANES, imaginary)
    x = y = np.float32(0)
    for k in range(0, LANES, 2):
        x += vector[k] - vector[LANES + k + 1]
        y += vector[k + 1] + vector[LANES + k]
    return complex(x, y)
