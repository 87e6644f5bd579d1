"""Delay-and-sum in single precision: one pixel and one pair of elements at a time, eight samples of its trace at once.

Delays are whole numbers of 2^-20 samples, so that a pair's is one addition, and so are its sample and its fraction of a
sample one shift each. Eight-point Lagrange interpolation makes one vector of the eight complex samples around it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

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


class SingleSignals(NamedTuple):
    """Analytic signals, shifted down by the carrier, and how to read between their samples."""

    traces: NDArray[np.float32]
    """Complex as two floats, with `LEAD` samples before and `TAPS` - `LEAD` behind each record: (n_tx, n_rx, 2 n)."""
    taps: NDArray[np.float32]
    """`interpolation_table`."""
    cycles_per_m: float
    """Of the carrier, of the way travelled."""
    is_folded: bool
    """Whether traces[t, r] of r >= t hold the sum of both directions, and the others nothing."""


class _SingleLeg(NamedTuple):
    """One leg to one pixel; arrays (n_elements,)."""

    delay: NDArray[np.int64]
    """In units of 2^-20 samples."""
    real: NDArray[np.float32]
    """Weight times the carrier's phase: real and imaginary part."""
    imaginary: NDArray[np.float32]


class _Pixel(NamedTuple):
    x_m: float
    z_m: float
    samples_per_m: float
    cycles_per_m: float


class _FlatTraces(NamedTuple):
    """All traces one behind another."""

    samples: NDArray[np.float32]
    taps: NDArray[np.float32]
    stride: int
    """Floats a trace."""
    n_windows: int
    """Places that an interpolation may begin at."""


@kernel(boundscheck=False, fastmath=_FASTMATH)
def sum_pairs(rows, signals, aperture, pixels, image):
    """Adds rows[0]..rows[1] of the image.

    Args:
        rows: first row, and the one behind the last.
        signals: `SingleSignals`.
        aperture: `Aperture`.
        pixels: `Pixels`.
        image: added to, complex64 (n_z, n_x).
    """
    n_tx, n_rx, stride = aperture.transmit.weight.shape[2], aperture.receive.element_x_m.size, signals.traces.shape[2]
    receive = _empty_leg(n_rx)
    transmit = receive if signals.is_folded else _empty_leg(n_tx)
    traces = _FlatTraces(signals.traces.reshape(-1), signals.taps, stride, stride // 2 - TAPS)
    scratch = np.empty(2 * LANES, np.float32)
    # Half a step of the table, so that shifting rounds to the nearest.
    start = round(pixels.first_sample * _UNIT) - (1 << (_TO_TABLE - 1))
    for column in range(pixels.x_m.size):
        for row in range(rows[0], rows[1]):
            pixel = _Pixel(pixels.x_m[column], pixels.z_m[row], pixels.samples_per_m, signals.cycles_per_m)
            first, last = first_t, last_t = _fill_leg(
                aperture.receive.element_x_m, aperture.receive.weight[row, column], pixel, receive
            )
            if aperture.transmit.way_m.size:
                first_t, last_t = _fill_waves(
                    aperture.transmit.way_m[row, column], aperture.transmit.weight[row, column], pixel, transmit
                )
            elif not signals.is_folded:
                first_t, last_t = _fill_leg(
                    aperture.transmit.element_x_m, aperture.transmit.weight[row, column], pixel, transmit
                )
            real, imaginary = splat(np.float32(0)), splat(np.float32(0))
            for t in range(first_t, last_t):
                receivers = (max(first, t) if signals.is_folded else first), last
                a, b = _sum_receive(traces, t * n_rx, transmit.delay[t] - start, receivers, receive)
                real, imaginary = _add_turned(a, b, transmit.real[t], transmit.imaginary[t], real, imaginary)
            image[row, column] += _total(real, imaginary, scratch)


@kernel(boundscheck=False)
def _empty_leg(n_elements):
    """Room for the `_SingleLeg` of a leg: arrays (n_elements,)."""
    return _SingleLeg(
        np.empty(n_elements, np.int64), np.empty(n_elements, np.float32), np.empty(n_elements, np.float32)
    )


@kernel(boundscheck=False, fastmath=_FASTMATH, forceinline=True)
def _fill_leg(element_x, weight, pixel, leg):
    """Works out the `_SingleLeg` between elements at `element_x` with `weight` (n_elements,) and a `_Pixel`.

    Returns the first and the end of the elements that have weight; the others are left as they were.
    """
    first, last = 0, element_x.size
    while first < last and weight[first] == 0:
        first += 1
    while last > first and weight[last - 1] == 0:
        last -= 1
    for e in range(first, last):
        distance = math.sqrt((element_x[e] - pixel.x_m) ** 2 + pixel.z_m * pixel.z_m)
        leg.delay[e] = np.int64(distance * (pixel.samples_per_m * _UNIT))
        cosine, sine = _turn(distance * pixel.cycles_per_m)
        leg.real[e], leg.imaginary[e] = weight[e] * cosine, weight[e] * sine
    return first, last


@kernel(boundscheck=False, fastmath=_FASTMATH)
def _fill_waves(way_m, weight, pixel, leg):
    """As `_fill_leg`, of waves with their ways and weights, (n_shots,), to a `_Pixel`."""
    for shot in range(way_m.size):
        leg.delay[shot] = np.int64(way_m[shot] * (pixel.samples_per_m * _UNIT))
        cosine, sine = _turn(way_m[shot] * pixel.cycles_per_m)
        leg.real[shot], leg.imaginary[shot] = weight[shot] * cosine, weight[shot] * sine
    return 0, way_m.size


@kernel(fastmath=_FASTMATH, forceinline=True)
def _turn(turns):
    """Cosine and sine of 2 pi turns, to 1e-5: Taylor's series of half the angle, which vectorise."""
    half = math.pi * (turns - math.floor(turns + 0.5))
    q = half * half
    sine = half * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72))))
    cosine = 1 - q / 2 * (1 - q / 12 * (1 - q / 30 * (1 - q / 56 * (1 - q / 90))))
    return 1 - 2 * sine * sine, 2 * sine * cosine


@kernel(boundscheck=False, fastmath=_FASTMATH, forceinline=True)
def _sum_receive(traces, first_trace, start, receivers, receive):
    """Eight terms of the sum, not yet added up, times the phasors' real parts, and times their imaginary parts.

    Args:
        traces: `_FlatTraces`.
        first_trace: that of receiver 0.
        start: delay of the other leg, less that of sample 0, in units of 2^-20 samples.
        receivers: the first, and the end of them.
        receive: `_SingleLeg`.
    """
    delay, real, imaginary = receive
    a, b = splat(np.float32(0)), splat(np.float32(0))
    for r in range(receivers[0], receivers[1]):
        position = start + delay[r]
        i = position >> _SAMPLE_BITS
        if 0 <= i < traces.n_windows:
            fraction = (position >> _TO_TABLE) & _IN_TABLE
            window = load(traces.samples, (first_trace + r) * traces.stride + 2 * i)
            sample = multiply(load(traces.taps, LANES * fraction), window)
            a = fma(splat(real[r]), sample, a)
            b = fma(splat(imaginary[r]), sample, b)
    return a, b


@kernel(forceinline=True)
def _add_turned(a, b, cosine, sine, real, imaginary):
    """(real + i imaginary) + (cosine + i sine) (a + i b), where each of real, imaginary, a, b holds complex numbers."""
    c, s, minus_s = splat(cosine), splat(sine), splat(-sine)
    return fma(c, a, fma(minus_s, b, real)), fma(c, b, fma(s, a, imaginary))


@kernel(boundscheck=False, forceinline=True)
def _total(real, imaginary, vector):
    """Sum over the eight complex numbers of real + i imaginary."""
    store(vector, 0, real)
    store(vector, LANES, imaginary)
    x = y = np.float32(0)
    for k in range(0, LANES, 2):
        x += vector[k] - vector[LANES + k + 1]
        y += vector[k + 1] + vector[LANES + k]
    return complex(x, y)
