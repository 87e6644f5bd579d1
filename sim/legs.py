"""Ways between elements and scatterers: when a pulse arrives, how strong, and how the element's width smears it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition
from sonolucent.beamform.kernels import kernel
from sonolucent.beamform.workers import Workers
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
        self._probe = probe
        self._attenuation = attenuation
        self._spikes_m = spike_rate_hz / acquisition.sound_speed_m_s
        self._advance = np.zeros(probe.n_elements) if screen is None else screen.delay_s * spike_rate_hz
        self._gain = np.ones(probe.n_elements) if screen is None else screen.gain
        if self._gain.size != probe.n_elements:
            raise ValueError(f"the screen covers {self._gain.size} elements, the probe has {probe.n_elements}")

    def legs(self, positions: NDArray[np.float64], workers: Workers) -> Legs:
        """The legs of scatterers at (n, 2) positions."""
        shape = self._probe.n_elements, len(positions)
        legs = Legs(np.empty(shape, np.float32), np.empty(shape, np.int32), np.empty(shape, np.float32))
        x, z = np.ascontiguousarray(positions.T)
        neper_m = self._attenuation.mean_neper_m_hz(z) * self._probe.center_frequency_hz
        half_width = self._probe.element_width_m / 2

        def time_elements(worker: int, elements: range) -> None:
            for e in elements:
                _time(
                    *(x - self._probe.element_x_m[e], z, neper_m, half_width),
                    *(self._spikes_m, self._advance[e], self._gain[e] * math.sqrt(_UNIT_DISTANCE_M)),
                    *(legs.end[e], legs.smear[e], legs.gain[e]),
                )

        workers.map(time_elements, self._probe.n_elements, chunk=1)
        return legs


@kernel(fastmath={"contract", "nsz"}, boundscheck=False, error_model="numpy")
def _time(lateral, z, neper_m, half_width, spikes_m, advance, strength, end, smear, gain):  # type: ignore[no-untyped-def]
    for s in range(z.size):
        near = math.sqrt((lateral[s] - half_width) ** 2 + z[s] ** 2)
        far = math.sqrt((lateral[s] + half_width) ** 2 + z[s] ** 2)
        # The mean delay over the element, by Simpson's rule.
        distance = (near + 4 * math.sqrt(lateral[s] ** 2 + z[s] ** 2) + far) / 6
        length = max(np.rint(abs(far - near) * spikes_m), 1.0)
        end[s] = distance * spikes_m + advance + 0.5 * length
        smear[s] = np.int32(length)
        gain[s] = strength * math.exp(-neper_m[s] * distance) / (length * math.sqrt(distance))
