"""A near-field phase screen: what a layer of fat or skin at the array's face does to every element's pulses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from sonolucent.beamform.probe import Probe


@dataclass(frozen=True)
class PhaseScreen:
    """Delay in seconds and gain of each element, (n_elements,), on transmit and on receive alike.

    Raises:
        ValueError: the arrays differ in shape or hold values that are not finite.
    """

    delay_s: NDArray[np.float64]
    gain: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.delay_s.ndim != 1 or self.delay_s.shape != self.gain.shape:
            raise ValueError(f"delay_s and gain must be (n_elements,), not {self.delay_s.shape} and {self.gain.shape}")
        if not (np.isfinite(self.delay_s).all() and np.isfinite(self.gain).all()):
            raise ValueError("a screen's delays and gains must be finite")

    @classmethod
    def random(
        cls,
        probe: Probe,
        *,
        delay_rms_s: float = 21e-9,
        gain_rms_db: float = 1.6,
        correlation_m: float = 2.5e-3,
        seed: int = 0,
    ) -> PhaseScreen:
        """A screen of Gaussian delays and levels (dB) of the given rms over the elements, zero mean.

        The defaults are the means that Hinkelman, Szabo and Waag (JASA 101, 1997) measured at 16
        places of human chest walls.

        Args:
            probe: the array.
            delay_rms_s, gain_rms_db: strength of the screen; one way.
            correlation_m: lateral correlation length, at which the correlation has fallen to exp(-1/2).
            seed: of the screen.
        """
        rng = np.random.default_rng(seed)
        # White noise through a Gaussian of s pixels has a Gaussian correlation of sqrt(2) s.
        smoothing = correlation_m / probe.pitch_m / np.sqrt(2)
        delay, level_db = (
            rms * _unit_rms(gaussian_filter1d(rng.standard_normal(probe.n_elements), smoothing))
            for rms in (delay_rms_s, gain_rms_db)
        )
        return cls(delay, 10 ** (level_db / 20))


def _unit_rms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centered = values - values.mean()
    return np.asarray(centered / centered.std())
