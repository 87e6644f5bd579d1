"""Echoes as spikes: the second derivative of a trapezoid is four spikes, whatever its length."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.sim.propagation import Paths

# Scatterers whose spikes are worked out, in vectors, before they are added, one by one.
_BLOCK = 512


class _Spikes(NamedTuple):
    """The last spike of each scatterer, (n,); a spike is shared, linearly, by the two intervals around it."""

    interval: NDArray[np.int32]
    """The earlier of the two."""
    earlier: NDArray[np.float32]
    """What it gets."""
    later: NDArray[np.float32]
    """What the next one gets."""


def spikes_of(
    paths: Paths, transmitter: int, receivers: list[int], strength: NDArray[np.float32], n_spikes: int
) -> NDArray[np.float32]:
    """Spikes (n_receivers, n_spikes) of all scatterers of amplitudes `strength`, lit by one element."""
    spikes = np.zeros((len(receivers), n_spikes), np.float32)
    transmit = paths.of(transmitter)
    lit = Paths(transmit.end, transmit.smear, strength * transmit.gain)
    for row, receiver in enumerate(receivers):
        _add_spikes(lit, paths.of(receiver), spikes[row])
    return spikes


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _add_spikes(transmit, receive, spikes):
    """Adds the echoes of all scatterers to `spikes` (n_spikes,).

    `transmit` and `receive` are the `Paths` of two elements, (n_scatterers,), with the scatterers' amplitudes in the
    gain of the first.
    """
    last = _Spikes(np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32))
    for first in range(0, transmit.gain.size, _BLOCK):
        block = slice(first, min(first + _BLOCK, transmit.gain.size))
        _place(transmit.end[block], receive.end[block], transmit.gain[block], receive.gain[block], last)
        _add_block(last, transmit.smear[block], receive.smear[block], spikes)


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _place(transmit_end, receive_end, transmit_gain, receive_gain, last):
    """Writes where the last spike of each scatterer lies to `last`, a `_Spikes`; all (n,)."""
    interval, earlier, later = last
    for s in range(transmit_gain.size):
        end = transmit_end[s] + receive_end[s]
        interval[s] = np.int32(end)
        echo = transmit_gain[s] * receive_gain[s]
        later[s] = echo * (end - np.float32(interval[s]))
        earlier[s] = echo - later[s]


@kernel(fastmath={"contract", "nsz"}, boundscheck=False)
def _add_block(last, transmit_smear, receive_smear, spikes):
    """Adds all four spikes of each scatterer, given its last one: both smears are whole, so all lie alike.

    `last` has the interval of each and its two shares, smears are in intervals, all (n,); `spikes` (n_intervals,).
    """
    interval, earlier, later = last
    end = spikes.size - 2
    for s in range(transmit_smear.size):
        first = interval[s] - transmit_smear[s] - receive_smear[s]
        if first >= 0 and interval[s] <= end:
            _add_spike(spikes, interval[s], earlier[s], later[s])
            _add_spike(spikes, interval[s] - receive_smear[s], -earlier[s], -later[s])
            _add_spike(spikes, interval[s] - transmit_smear[s], -earlier[s], -later[s])
            _add_spike(spikes, first, earlier[s], later[s])


@kernel(inline="always")
def _add_spike(spikes, i, earlier, later):
    """Adds one spike to intervals i and i + 1, which lie within `spikes`: unsigned indices are not wrapped."""
    spikes[np.uint64(i)] += earlier
    spikes[np.uint64(i + 1)] += later
