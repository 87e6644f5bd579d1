"""The smallest Fourier transforms, of blocks of complex numbers as in `split_complex.py`."""

from __future__ import annotations

import math

import numba
import numpy as np

from sonolucent.beamform.compute.simd import fma, multiply, negative_fma, splat
from sonolucent.beamform.compute.split_complex import minus, plus

_SIN_60 = np.float32(math.sin(math.pi / 3))
_COS_72, _SIN_72 = np.float32(math.cos(math.tau / 5)), np.float32(math.sin(math.tau / 5))
_COS_144, _SIN_144 = np.float32(math.cos(2 * math.tau / 5)), np.float32(math.sin(2 * math.tau / 5))


@numba.njit(forceinline=True)
def butterfly_3(a, b, c):
    """The discrete Fourier transform of three blocks, forward."""
    both, apart = plus(b, c), minus(b, c)
    half = splat(np.float32(-0.5))
    middle = fma(half, both[0], a[0]), fma(half, both[1], a[1])
    first, last = _to_both_sides(middle, apart, splat(_SIN_60))
    return plus(a, both), first, last


@numba.njit(forceinline=True)
def butterfly_4(a, b, c, d):
    """That of four."""
    even, odd = plus(a, c), plus(b, d)
    first, last = _to_both_sides(minus(a, c), minus(b, d), splat(np.float32(1)))
    return plus(even, odd), first, minus(even, odd), last


@numba.njit(forceinline=True)
def butterfly_5(a, b, c, d, e):
    """That of five."""
    outer, inner = plus(b, e), plus(c, d)
    outer_apart, inner_apart = minus(b, e), minus(c, d)
    near, far = splat(_COS_72), splat(_COS_144)
    one = _weighed(near, outer, far, inner)
    two = _weighed(far, outer, near, inner)
    one_apart = _weighed(splat(_SIN_72), outer_apart, splat(_SIN_144), inner_apart)
    two_apart = _weighed(splat(_SIN_144), outer_apart, splat(-_SIN_72), inner_apart)
    whole = splat(np.float32(1))
    first, fifth = _to_both_sides(plus(a, one), one_apart, whole)
    second, fourth = _to_both_sides(plus(a, two), two_apart, whole)
    return plus(a, plus(outer, inner)), first, second, fourth, fifth


@numba.njit(forceinline=True)
def _weighed(p, a, q, b):
    """p a + q b, for real p and q."""
    return fma(p, a[0], multiply(q, b[0])), fma(p, a[1], multiply(q, b[1]))


@numba.njit(forceinline=True)
def _to_both_sides(middle, apart, sine):
    """middle - i sine apart, and middle + i sine apart."""
    return (
        (fma(sine, apart[1], middle[0]), negative_fma(sine, apart[0], middle[1])),
        (negative_fma(sine, apart[1], middle[0]), fma(sine, apart[0], middle[1])),
    )
