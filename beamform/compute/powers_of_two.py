"""Logarithm and power of two for Numba kernels: within rounding of float32, and unlike the library's they vectorise."""

from __future__ import annotations

import math

import numpy as np

from sonolucent.beamform.compute.compiled import kernel

_FASTMATH = {"contract", "nsz", "arcp"}


@kernel(fastmath=_FASTMATH, error_model="numpy", inline="always")
def log2(x):
    """log2 of a normal x > 0, float32, by the series of artanh."""
    # The exponent that leaves a mantissa within 1/sqrt(2)..sqrt(2), 0x3f3504f3 being 1/sqrt(2).
    bits = np.float32(x).view(np.int32)
    exponent = np.int32(np.int32(bits - np.int32(0x3F3504F3)) >> np.int32(23))
    mantissa = np.int32(bits - np.int32(exponent << np.int32(23))).view(np.float32)
    s = (mantissa - np.float32(1)) / (mantissa + np.float32(1))
    q = s * s
    series = np.float32(1) + q * (np.float32(1 / 3) + q * (np.float32(1 / 5) + q * np.float32(1 / 7)))
    return np.float32(exponent) + np.float32(2 / math.log(2)) * s * series


@kernel(fastmath=_FASTMATH, error_model="numpy", inline="always")
def exp2(x):
    """2 to the power of x, float32 within -126..127, by the series of exp within half a power."""
    whole = np.floor(x + np.float32(0.5))
    y = np.float32(math.log(2)) * (x - whole)
    series = np.float32(1 / 24) + y * (np.float32(1 / 120) + y * np.float32(1 / 720))
    series = np.float32(1) + y * (np.float32(1) + y * (np.float32(0.5) + y * (np.float32(1 / 6) + y * series)))
    return series * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)
