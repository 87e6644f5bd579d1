"""Ways between elements and scatterers: when a pulse arrives, how strong, and how the element's width smears it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.geometry import Acquisition
from sonolucent.sim.aberration import PhaseScreen
from sonolucent.sim.attenuation import Attenuation

# Amplitudes are those of a scatterer of amplitude 1 at this distance from both elements.
_UNIT_DISTANCE_M = 20e-3


@dataclass(frozen=True)
class Legs:
    """One way between every element and scatterer, arrays (n_elements, n_scatterers)."""

    end: NDArray[np.float32]
    """When the element's box-car ends: the delay averaged over the element and half the smear, in spike intervals."""
    smear: NDArray[np.int32]
    """Length of the element's box-car, in spike intervals, at least 1."""
    gain: NDArray[np.float32]
    """Spreading and attenuation at the centre frequency over the box-car's length."""


class LegTimer:
    """Legs of one acquisition and medium, for scatterers wherever they are."""

    def __init__(
        self, acquisition: Acquisition, spike_rate_hz: float, attenuation: Attenuation, screen: PhaseScreen | None
    ) -> None:
        probe = acquisition.probe
        screen = screen or PhaseScreen(np.zeros(probe.n_elements), np.ones(probe.n_elements))
        if screen.gain.size != probe.n_elements:
            raise ValueError(f"the screen covers {screen.gain.size} elements, the probe has {probe.n_elements}")
        self._probe = probe
        self._attenuation = attenuation
        self._half_width_m = np.float32(probe.element_width_m / 2)
        self._spikes_m = np.float32(spike_rate_hz / acquisition.sound_speed_m_s)
        self._advance = (screen.delay_s * spike_rate_hz).astype(np.float32)
        self._strength = (screen.gain * math.sqrt(_UNIT_DISTANCE_M)).astype(np.float32)

    def legs(self, positions: NDArray[np.float64], pool: ThreadPool) -> Legs:
        """The legs of scatterers at (n, 2) positions."""
        shape = self._probe.n_elements, len(positions)
        legs = Legs(np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.float32))
        x, z = np.ascontiguousarray(positions.T)
        depth = z.astype(np.float32)
        neper_m = self._attenuation.mean_neper_m_hz(z) * self._probe.center_frequency_hz

        def time_elements(thread: int, elements: range) -> None:
            distance = np.empty(len(positions), np.float32)
            for e in elements:
                lateral = (x - self._probe.element_x_m[e]).astype(np.float32)
                _time(
                    *(lateral, depth, self._half_width_m, self._spikes_m, self._advance[e], self._strength[e]),
                    *(distance, legs.end[e], legs.smear[e], legs.gain[e]),
                )
                if neper_m.any():
                    legs.gain[e] *= np.exp(-neper_m * distance)

        pool.map(time_elements, self._probe.n_elements, chunk=1)
        return legs


@kernel(fastmath={"contract", "nsz", "arcp"}, boundscheck=False, error_model="numpy")
def _time(lateral, z, half_width, spikes_m, advance, strength, distance, end, smear, gain):  # type: ignore[no-untyped-def]
    for s in range(z.size):
        to_left, to_right, depth2 = lateral[s] + half_width, lateral[s] - half_width, z[s] * z[s]
        left, right = np.sqrt(to_left * to_left + depth2), np.sqrt(to_right * to_right + depth2)
        middle = np.sqrt(lateral[s] * lateral[s] + depth2)
        # The mean delay over the element, by Simpson's rule.
        distance[s] = (left + np.float32(4) * middle + right) * np.float32(1 / 6)
        length = max(np.rint(abs(left - right) * spikes_m), np.float32(1))
        end[s] = distance[s] * spikes_m + advance + np.float32(0.5) * length
        smear[s] = np.int32(length)
        gain[s] = strength / (length * np.sqrt(distance[s]))
