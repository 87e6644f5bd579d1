"""Delay-and-sum in double precision: cubic interpolation, one pair of elements at a time. The reference."""

from __future__ import annotations

import math

import numpy as np

from sonolucent.beamform.compute.compiled import kernel


@kernel(fastmath={"contract", "reassoc", "nsz"})
def sum_pairs(  # type: ignore[no-untyped-def]
    first_row,
    last_row,
    baseband,
    transmit_x,
    receive_x,
    transmit_weight,
    receive_weight,
    x,
    z,
    samples_per_m,
    first_sample,
    carrier_rad,
    image,
):
    transmit = _leg(baseband, transmit_x.size)
    receive = _leg(baseband, receive_x.size)
    for row in range(first_row, last_row):
        for column in range(x.size):
            _aim(transmit_x - x[column], z[row], samples_per_m, transmit_weight[row, column], carrier_rad, *transmit)
            _aim(receive_x - x[column], z[row], samples_per_m, receive_weight[row, column], carrier_rad, *receive)
            delay, phasor = transmit
            for t in range(transmit_x.size):
                if phasor[t] != 0:
                    image[row, column] += phasor[t] * _sum_receive(baseband[t], delay[t] - first_sample, *receive)


@kernel()
def _leg(baseband, n_elements):  # type: ignore[no-untyped-def]
    """Room for one leg's delays in samples and weighted carrier phasors."""
    return np.empty(n_elements), np.empty(n_elements, baseband.dtype)


@kernel()
def _aim(lateral, z, samples_per_m, weight, carrier_rad, delay, phasor):  # type: ignore[no-untyped-def]
    for element in range(lateral.size):
        phasor[element] = 0
        if weight[element] > 0:
            delay[element] = samples_per_m * math.sqrt(lateral[element] ** 2 + z * z)
            phasor[element] = weight[element] * np.exp(1j * carrier_rad * delay[element])


@kernel(fastmath={"contract", "reassoc", "nsz"})
def _sum_receive(traces, offset, delay, phasor):  # type: ignore[no-untyped-def]
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
def _cubic(before, here, after, beyond, f):  # type: ignore[no-untyped-def]
    """Lagrange's cubic through four samples, at fraction f between the middle two."""
    return (
        here * ((1 - f) * (1 + f) * (2 - f) / 2)
        + after * (f * (1 + f) * (2 - f) / 2)
        - before * (f * (1 - f) * (2 - f) / 6)
        - beyond * (f * (1 - f) * (1 + f) / 6)
    )
