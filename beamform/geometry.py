"""What was measured and where the image lies: the probe, the acquisition and the image grid.

Units are SI. x is lateral, 0 at the array's centre; z is depth, 0 at the array's face, positive into the medium.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

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
            _require_positive(self, name)
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
        return _axis(-(self.n_elements - 1) / 2 * self.pitch_m, self.pitch_m, self.n_elements)


@dataclass(frozen=True)
class Acquisition:
    """How a frame of channel data, shape (n_tx, n_rx, n_samples), was taken.

    t = 0 is the instant at which the centre of the transmitted pulse leaves the transmitting element;
    `initial_time_s` is the time of sample 0 on that clock and may be any real number.

    Args:
        probe: the array that transmits single elements and receives on all.
        tx_elements: the transmitting element of each shot, in the order of the data's first axis.
        n_samples: samples a trace.
        sampling_frequency_hz: sampling frequency.
        initial_time_s: time of sample 0.
        sound_speed_m_s: speed of sound in the medium.
        demodulation_frequency_hz: of complex baseband data, the analytic signal times exp(-2 pi i f t) on the clock
            above; 0 where samples are real (RF).

    Raises:
        ValueError: a number is not positive, or a transmit element is missing from the probe or given twice.
    """

    probe: Probe = field(default_factory=Probe.sau64)
    tx_elements: Sequence[int] = range(64)
    n_samples: int = 2048
    sampling_frequency_hz: float = 37.5e6
    initial_time_s: float = 0.0
    sound_speed_m_s: float = 1540.0
    demodulation_frequency_hz: float = 0.0

    def __post_init__(self) -> None:
        elements = tuple(int(e) for e in self.tx_elements)
        object.__setattr__(self, "tx_elements", elements)
        for name in ("n_samples", "sampling_frequency_hz", "sound_speed_m_s"):
            _require_positive(self, name)
        if not math.isfinite(self.initial_time_s):
            raise ValueError(f"initial_time_s must be finite, not {self.initial_time_s}")
        if not (math.isfinite(self.demodulation_frequency_hz) and self.demodulation_frequency_hz >= 0):
            raise ValueError(f"demodulation_frequency_hz must be 0 or positive, not {self.demodulation_frequency_hz}")
        if not elements:
            raise ValueError("tx_elements is empty: at least one element must transmit")
        if len(set(elements)) != len(elements):
            raise ValueError("tx_elements names an element twice")
        if min(elements) < 0 or max(elements) >= self.probe.n_elements:
            raise ValueError(
                f"tx_elements must lie in 0..{self.probe.n_elements - 1}, not {min(elements)}..{max(elements)}; "
                f"give tx_elements=range({self.probe.n_elements}) where all of the probe's elements transmit"
            )

    @property
    def n_tx(self) -> int:
        """Shots a frame."""
        return len(self.tx_elements)

    @property
    def n_rx(self) -> int:
        """Traces a shot; every element receives."""
        return self.probe.n_elements

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one frame of channel data, (n_tx, n_rx, n_samples)."""
        return self.n_tx, self.n_rx, self.n_samples

    @property
    def is_baseband(self) -> bool:
        """Whether samples are complex, demodulated."""
        return self.demodulation_frequency_hz > 0

    @property
    def wavelength_m(self) -> float:
        """Wavelength at the centre frequency."""
        return self.sound_speed_m_s / self.probe.center_frequency_hz

    @property
    def time_s(self) -> NDArray[np.float64]:
        """Time of each sample, shape (n_samples,)."""
        return _axis(self.initial_time_s, 1 / self.sampling_frequency_hz, self.n_samples)


@dataclass(frozen=True)
class ImageGrid:
    """A regular grid of pixels, shape (n_z, n_x): row = depth, column = lateral position.

    Args:
        x0_m, z0_m: position of pixel [0, 0].
        dx_m, dz_m: pixel spacing.
        n_z, n_x: number of rows and columns.

    Raises:
        ValueError: a spacing or size is not positive, a position is not finite, or the grid begins behind the array.
    """

    x0_m: float
    z0_m: float
    dx_m: float
    dz_m: float
    n_z: int
    n_x: int

    def __post_init__(self) -> None:
        for name in ("dx_m", "dz_m", "n_z", "n_x"):
            _require_positive(self, name)
        for name in ("x0_m", "z0_m"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"ImageGrid: {name} must be finite, not {getattr(self, name)}")
        if self.z0_m < 0:
            raise ValueError(f"the grid begins at z = {self.z0_m:g} m, behind the array; z must be >= 0")

    @classmethod
    def linear(cls, *, x_m: tuple[float, float], z_m: tuple[float, float], shape: tuple[int, int]) -> ImageGrid:
        """The grid of `shape` (n_z, n_x) whose first and last pixels lie at the ends of `x_m` and `z_m`."""
        (x0, x1), (z0, z1), (n_z, n_x) = x_m, z_m, shape
        if n_z < 2 or n_x < 2:
            raise ValueError(f"shape {shape} needs at least two rows and two columns")
        return cls(x0, z0, (x1 - x0) / (n_x - 1), (z1 - z0) / (n_z - 1), n_z, n_x)

    @classmethod
    def sau64(cls) -> ImageGrid:
        """The reference image: 620 x 256 from x = -20 mm in steps of pitch/4, from z = 1 mm in steps of 0.0625 mm."""
        return cls(x0_m=-20e-3, z0_m=1e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=620, n_x=256)

    @classmethod
    def for_acquisition(cls, acquisition: Acquisition) -> ImageGrid:
        """The grid that fits an acquisition: pitch/4 across the aperture, three rows a wavelength.

        The depth runs from 1 mm, or from where the record begins, to where it ends for the outermost pixels. The
        reference acquisition has the reference grid, `sau64`.
        """
        if acquisition == Acquisition():
            return cls.sau64()
        probe, c = acquisition.probe, acquisition.sound_speed_m_s
        half_m = probe.n_elements * probe.pitch_m / 2
        dz = acquisition.wavelength_m / 3
        first_s = acquisition.initial_time_s
        last_s = first_s + (acquisition.n_samples - 1) * (1 / acquisition.sampling_frequency_hz)
        first_m, last_m = c * first_s / 2, c * last_s / 2
        z0 = max(1e-3, first_m)
        z1 = last_m * math.cos(0.3)
        if z1 <= z0 + dz:
            raise ValueError(
                f"the record covers {first_m * 1e3:.2f}..{last_m * 1e3:.2f} mm, too little for an image; "
                "check n_samples, initial_time_s and sound_speed_m_s"
            )
        return cls(-half_m, z0, probe.pitch_m / 4, dz, int((z1 - z0) / dz) + 1, 4 * probe.n_elements)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of an image, (n_z, n_x)."""
        return self.n_z, self.n_x

    @property
    def x_m(self) -> NDArray[np.float64]:
        """Lateral axis, shape (n_x,)."""
        return _axis(self.x0_m, self.dx_m, self.n_x)

    @property
    def z_m(self) -> NDArray[np.float64]:
        """Depth axis, shape (n_z,)."""
        return _axis(self.z0_m, self.dz_m, self.n_z)


def _axis(first: float, step: float, n: int) -> NDArray[np.float64]:
    return first + step * np.arange(n, dtype=np.float64)


def _require_positive(owner: object, name: str) -> None:
    value = getattr(owner, name)
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{type(owner).__name__}: {name} must be positive, not {value}")
