"""From elements to scatterers: when a pulse arrives, how strong, and how the element's width smears it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute.compiled import kernel
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.sim.aberration import PhaseScreen
from sonolucent.sim.attenuation import Attenuation

# Amplitudes are those of a scatterer of amplitude 1 at this distance from both elements.
_UNIT_DISTANCE_M = 20e-3


class Paths(NamedTuple):
    """One way between every element and scatterer, arrays (n_elements, n_scatterers); or of one element, (n,)."""

    end: NDArray[np.float32]
    """When the element's box-car ends: the delay averaged over the element and half the smear, in spike intervals."""
    smear: NDArray[np.int32]
    """Length of the element's box-car, in spike intervals, at least 1."""
    gain: NDArray[np.float32]
    """Spreading and attenuation at the centre frequency over the box-car's length."""

    def of(self, element: int) -> Paths:
        """Those of one element, views (n_scatterers,)."""
        return Paths(self.end[element], self.smear[element], self.gain[element])


class _Element(NamedTuple):
    """How one element sends and hears."""

    half_width_m: np.float32
    spikes_per_m: np.float32
    """Spike intervals a metre of way."""
    advance: np.float32
    """Delay by the phase screen, in spike intervals."""
    strength: np.float32
    """Gain by the phase screen at a distance of 1 m."""


class Propagation:
    """Paths of one acquisition and medium, to scatterers wherever they are.

    Raises:
        ValueError: the screen covers another number of elements than the probe has.
    """

    def __init__(
        self, acquisition: Acquisition, spike_rate_hz: float, attenuation: Attenuation, screen: PhaseScreen | None
    ) -> None:
        probe = acquisition.probe
        screen = screen or PhaseScreen(np.zeros(probe.n_elements), np.ones(probe.n_elements))
        if screen.gain.size != probe.n_elements:
            raise ValueError(f"the screen covers {screen.gain.size} elements, the probe has {probe.n_elements}")
        self._probe = probe
        self._attenuation = attenuation
        half_width_m = np.float32(probe.element_width_m / 2)
        spikes_per_m = np.float32(spike_rate_hz / acquisition.sound_speed_m_s)
        advance = (screen.delay_s * spike_rate_hz).astype(np.float32)
        strength = (screen.gain * math.sqrt(_UNIT_DISTANCE_M)).astype(np.float32)
        self._elements = [
            _Element(half_width_m, spikes_per_m, *of_screen) for of_screen in zip(advance, strength, strict=True)
        ]

    def paths(self, positions: NDArray[np.float64], pool: ThreadPool) -> Paths:
        """The paths to scatterers at (n, 2) positions."""
        shape = self._probe.n_elements, len(positions)
        paths = Paths(np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.float32))
        x, z = np.ascontiguousarray(positions.T)
        depth = z.astype(np.float32)
        neper_m = self._attenuation.mean_neper_m_hz(z) * self._probe.center_frequency_hz

        def measure_paths(thread: int, elements: range) -> None:
            distance = np.empty(len(positions), np.float32)
            for e in elements:
                lateral = (x - self._probe.element_x_m[e]).astype(np.float32)
                _measure_paths(self._elements[e], lateral, depth, distance, paths.of(e))
                if neper_m.any():
                    paths.gain[e] *= np.exp(-neper_m * distance)

        pool.map(measure_paths, self._probe.n_elements, chunk=1)
        return paths


@kernel(fastmath={"contract", "nsz", "arcp"}, boundscheck=False, error_model="numpy")
def _measure_paths(element, lateral, z, distance, paths):
    """Writes `distance`, m, and the `Paths` between an `_Element` and scatterers at `lateral` and `z`, m: all (n,)."""
    end, smear, gain = paths
    for s in range(z.size):
        depth2 = z[s] * z[s]
        to_left, to_right = lateral[s] + element.half_width_m, lateral[s] - element.half_width_m
        left, right = np.sqrt(to_left * to_left + depth2), np.sqrt(to_right * to_right + depth2)
        middle = np.sqrt(lateral[s] * lateral[s] + depth2)
        # The mean delay over the element, by Simpson's rule.
        distance[s] = (left + np.float32(4) * middle + right) * np.float32(1 / 6)
        length = max(np.rint(abs(left - right) * element.spikes_per_m), np.float32(1))
        end[s] = distance[s] * element.spikes_per_m + element.advance + np.float32(0.5) * length
        smear[s] = np.int32(length)
        gain[s] = element.strength / (length * np.sqrt(distance[s]))
