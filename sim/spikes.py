"""Echoes as spikes: the second derivative of a trapezoid is four spikes, whatever its length."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.sim.one_way import Legs

# Scatterers whose spikes are worked out, in vectors, before they are added, one by one.
_BLOCK = 512


def spikes_of(
    legs: Legs, transmitter: int, receivers: list[int], strength: NDArray[np.float32], n_spikes: int
) -> NDArray[np.float32]:
    """Spikes (n_receivers, n_spikes) of all scatterers of amplitudes `strength`, lit by one element."""
    spikes = np.zeros((len(receivers), n_spikes), np.float32)
    lit = strength * legs.gain[transmitter]
    for row, receiver in enumerate(receivers):
        _add_spikes(
            *(legs.end[transmitter], legs.end[receiver]),
            *(legs.smear[transmitter], legs.smear[receiver]),
            *(lit, legs.gain[receiver]),
            spikes[row],
        )
    return spikes


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _add_spikes(end_t, end_r, smear_t, smear_r, lit, gain_r, spikes):  # type: ignore[no-untyped-def]
    """Each spike is shared by the two intervals around it, linearly: `here` and `after`."""
    at = np.empty(_BLOCK, np.int32)
    here = np.empty(_BLOCK, np.float32)
    after = np.empty(_BLOCK, np.float32)
    for first in range(0, lit.size, _BLOCK):
        block = slice(first, min(first + _BLOCK, lit.size))
        _place(end_t[block], end_r[block], lit[block], gain_r[block], at, here, after)
        _add_block(at, here, after, smear_t[block], smear_r[block], spikes)


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _place(end_t, end_r, lit, gain_r, at, here, after):  # type: ignore[no-untyped-def]
    for s in range(lit.size):
        end = end_t[s] + end_r[s]
        at[s] = np.int32(end)
        echo = lit[s] * gain_r[s]
        after[s] = echo * (end - np.float32(at[s]))
        here[s] = echo - after[s]


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _add_block(at, here, after, smear_t, smear_r, spikes):  # type: ignore[no-untyped-def]
    last = spikes.size - 2
    for s in range(smear_t.size):
        # Both smears are whole, so all four spikes lie at the same fraction of an interval.
        first = at[s] - smear_t[s] - smear_r[s]
        if first >= 0 and at[s] <= last:
            _add_spike(spikes, at[s], here[s], after[s])
            _add_spike(spikes, at[s] - smear_r[s], -here[s], -after[s])
            _add_spike(spikes, at[s] - smear_t[s], -here[s], -after[s])
            _add_spike(spikes, first, here[s], after[s])


@kernel(inline="always")
def _add_spike(spikes, i, here, after):  # type: ignore[no-untyped-def]
    spikes[np.uint64(i)] += here
    spikes[np.uint64(i + 1)] += after
