"""Delay-and-sum in double precision: cubic interpolation, one pair of elements at a time. The reference."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel


class DoubleSignals(NamedTuple):
    """Analytic signals, shifted down by the carrier."""

    baseband: NDArray[np.complex128]
    """(n_tx, n_rx, n)"""
    carrier_rad: float
    """Phase of the carrier a sample."""


class _DoubleLeg(NamedTuple):
    """One leg to one pixel; arrays (n_elements,)."""

    delay: NDArray[np.float64]
    """In samples; set where the phasor is not zero."""
    phasor: NDArray[np.complex128]
    """Weight times the carrier's phase."""


@kernel(fastmath={"contract", "reassoc", "nsz"})
def sum_pairs(rows, signals, aperture, pixels, image):
    """Adds rows[0]..rows[1] of the image.

    Args:
        rows: first row, and the one behind the last.
        signals: `DoubleSignals`.
        aperture: `Aperture`.
        pixels: `Pixels`.
        image: added to, complex128 (n_z, n_x).
    """
    baseband, carrier_rad = signals
    transmit_x, receive_x = aperture.transmit.element_x_m, aperture.receive.element_x_m
    n_tx = aperture.transmit.weight.shape[2]
    transmit = _empty_leg(baseband, n_tx)
    receive = _empty_leg(baseband, receive_x.size)
    scales = pixels.samples_per_m, carrier_rad
    for row in range(rows[0], rows[1]):
        for column in range(pixels.x_m.size):
            x, z = pixels.x_m[column], pixels.z_m[row]
            weight = aperture.transmit.weight[row, column]
            if aperture.transmit.way_m.size:
                _fill_waves(aperture.transmit.way_m[row, column], weight, scales, transmit)
            else:
                _fill_leg(transmit_x - x, z, weight, scales, transmit)
            _fill_leg(receive_x - x, z, aperture.receive.weight[row, column], scales, receive)
            delay, phasor = transmit
            for t in range(n_tx):
                if phasor[t] != 0:
                    image[row, column] += phasor[t] * _sum_receive(baseband[t], delay[t] - pixels.first_sample, receive)


@kernel()
def _empty_leg(baseband, n_elements):
    """Room for the `_DoubleLeg` of a leg: arrays (n_elements,), the phasors of the type of `baseband`."""
    return _DoubleLeg(np.empty(n_elements), np.empty(n_elements, baseband.dtype))


@kernel()
def _fill_leg(lateral, z, weight, scales, leg):
    """Works out the `_DoubleLeg` between elements at `lateral`, m, with weights (n_elements,), and a pixel's depth.

    `scales` are samples a metre and the carrier's phase a sample.
    """
    delay, phasor = leg
    samples_per_m, carrier_rad = scales
    for element in range(lateral.size):
        phasor[element] = 0
        if weight[element] > 0:
            delay[element] = samples_per_m * math.sqrt(lateral[element] ** 2 + z * z)
            phasor[element] = weight[element] * np.exp(1j * carrier_rad * delay[element])


@kernel()
def _fill_waves(way_m, weight, scales, leg):
    """As `_fill_leg`, of waves with their ways and weights, (n_shots,), to a pixel."""
    delay, phasor = leg
    samples_per_m, carrier_rad = scales
    for shot in range(way_m.size):
        delay[shot] = samples_per_m * way_m[shot]
        phasor[shot] = weight[shot] * np.exp(1j * carrier_rad * delay[shot])


@kernel(fastmath={"contract", "reassoc", "nsz"})
def _sum_receive(traces, offset, receive):
    """The sum over receivers, complex, of one transmit's traces (n_rx, n).

    Args:
        traces: at baseband.
        offset: of the transmit leg, in samples from the first one.
        receive: `_DoubleLeg`.
    """
    delay, phasor = receive
    total = 0 * traces[0, 0]
    for r in range(delay.size):
        if phasor[r] != 0:
            position = offset + delay[r]
            i = math.floor(position)
            if 1 <= i < traces.shape[1] - 2:
                total += phasor[r] * _cubic(
                    traces[r, i - 1], traces[r, i], traces[r, i + 1], traces[r, i + 2], position - i
                )
    return total


@kernel()
def _cubic(before, left, right, beyond, f):
    """Lagrange's cubic through four samples, at fraction f between the middle two, left and right."""
    return (
        left * ((1 - f) * (1 + f) * (2 - f) / 2)
        + right * (f * (1 + f) * (2 - f) / 2)
        - before * (f * (1 - f) * (2 - f) / 6)
        - beyond * (f * (1 - f) * (1 + f) / 6)
    )
