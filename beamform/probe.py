"""The array that transmits and receives, and how positions are counted.

Units are SI. x is lateral, 0 at the array's centre; z is depth, 0 at the array's face, positive into the medium.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Probe:
    """A linear array of `n_elements` rectangular elements, centred on x = 0.

    Args:
        n_elements: number of elements.
        pitch_m: distance between the centres of neighbouring elements.
        element_width_m: width of one element; at most the pitch.
        center_frequency_hz: centre of the pulse's spectrum.
        fractional_bandwidth: -6 dB bandwidth of the two-way pulse over the centre frequency, 0..2.

    Raises:
        ValueError: an argument is not positive, or the element is wider than the pitch.
    """

    n_elements: int
    pitch_m: float
    element_width_m: float
    center_frequency_hz: float
    fractional_bandwidth: float = 0.6

    def __post_init__(self) -> None:
        for name in ("n_elements", "pitch_m", "element_width_m", "center_frequency_hz", "fractional_bandwidth"):
            require_positive(self, name)
        if self.element_width_m > self.pitch_m * (1 + 1e-9):
            raise ValueError(f"element_width_m {self.element_width_m:g} exceeds pitch_m {self.pitch_m:g}")
        if self.fractional_bandwidth >= 2:
            raise ValueError(f"fractional_bandwidth must lie in (0, 2), not {self.fractional_bandwidth:g}")

    @classmethod
    def linear(
        cls,
        *,
        n_elements: int,
        pitch_m: float,
        element_width_m: float,
        center_frequency_hz: float,
        fractional_bandwidth: float = 0.6,
    ) -> Probe:
        """A linear array, every argument by name."""
        return cls(n_elements, pitch_m, element_width_m, center_frequency_hz, fractional_bandwidth)

    @classmethod
    def sau64(cls) -> Probe:
        """The reference probe: 64 elements over 40 mm (3.04 wavelengths a pitch), 7.5 MHz, 60 % bandwidth."""
        return cls(64, 0.625e-3, 0.575e-3, 7.5e6, 0.6)

    @property
    def element_x_m(self) -> NDArray[np.float64]:
        """Lateral positions of the element centres, shape (n_elements,)."""
        return axis(-(self.n_elements - 1) / 2 * self.pitch_m, self.pitch_m, self.n_elements)


def axis(first: float, step: float, n: int) -> NDArray[np.float64]:
    """`n` values from `first` on, `step` apart, (n,)."""
    return first + step * np.arange(n, dtype=np.float64)


def require_positive(owner: object, name: str) -> None:
    """Refuses an attribute that is no positive number.

    Raises:
        ValueError: it says which.
    """
    value = getattr(owner, name)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{type(owner).__name__}: {name} must be positive, not {value}")
