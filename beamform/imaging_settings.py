"""Imaging settings: everything a user chooses about how channel data become a B-mode image, in one place."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, Window
from sonolucent.beamform.image_grid import ImageGrid

BeamformingMethod = Literal["fourier", "das"]
"""The Fourier beamformer, or delay-and-sum."""

_MM = 1e-3


class ImagingChoices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`ImagingSettings` before they are checked: those on their way from what holds to what is asked for.

    Args:
        method: fourier, or das (delay-and-sum, slow and plain).
        depth_mm: first and last row of the image.
        width_mm: first and last column; 0 is the array's centre.
        spacing_mm: of columns and of rows.
        pixels_per_wavelength: instead of a spacing; columns are as near to it as whole parts of a pitch can be.
        sound_speed_m_s: in the medium, where it is not what the recording or the scanner says.
        f_number: of both legs, depth over aperture; one of f_number, max_angle_deg and max_wavenumber_rad_m.
        max_angle_deg: of both legs, from the array's normal.
        max_wavenumber_rad_m: lateral wavenumber of both legs: an f-number proportional to frequency. What fits the
            probe by default.
        window: how weights fall from the middle of the aperture to its edge.
        transmit_f_number: of the transmit leg alone.
        transmit_window: of the transmit leg alone.
        transmits: how many of the transmits to use, evenly spread.
        shots: which of the transmits to use, counted from 0.
        dead_elements: elements to leave out, counted from 0.
        gain_db: added to the image.
        tgc_db: depth in mm and gain in dB of each node; straight lines between them, level beyond.
        dynamic_range_db: of the image.
        reference_level: the envelope shown as 0 dB; a slow running maximum of the stream by default.
    """

    method: BeamformingMethod = "fourier"
    depth_mm: tuple[float, float] | None = None
    width_mm: tuple[float, float] | None = None
    spacing_mm: tuple[float, float] | None = None
    pixels_per_wavelength: float | None = None
    sound_speed_m_s: float | None = None
    f_number: float | None = None
    max_angle_deg: float | None = None
    max_wavenumber_rad_m: float | None = None
    window: Window = "tukey"
    transmit_f_number: float | None = None
    transmit_window: Window | None = None
    transmits: int | None = None
    shots: tuple[int, ...] | None = None
    dead_elements: tuple[int, ...] = ()
    gain_db: float = 0.0
    tgc_db: tuple[tuple[float, float], ...] = ()
    dynamic_range_db: float = 60.0
    reference_level: float | None = None


class ImagingSettings(ImagingChoices, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How channel data become a B-mode image. Whatever is left out fits the probe and the record.

    The fields are those of `ImagingChoices`.

    Raises:
        ValueError: a value is impossible, or beyond what ultrasound has a use for, or two exclude each other.
    """

    def __post_init__(self) -> None:
        if self.method not in get_args(BeamformingMethod):
            raise ValueError(f"method must be one of {', '.join(get_args(BeamformingMethod))}, not {self.method!r}")
        for name in ("depth_mm", "width_mm"):
            self._require_rising(name)
        for name, limits in _LIMITS.items():
            self._require_within(name, limits)
        self._require_at_most_one("spacing_mm", "pixels_per_wavelength")
        self._require_at_most_one("f_number", "max_angle_deg", "max_wavenumber_rad_m")
        self._require_at_most_one("transmits", "shots")
        self._require_nodes()
        if len(set(self.dead_elements)) < len(self.dead_elements):
            raise ValueError("dead_elements names an element twice; name each once")

    def _require_nodes(self) -> None:
        depths = [depth for depth, _ in self.tgc_db]
        if depths != sorted(set(depths)):
            raise ValueError(f"tgc_db must list nodes by rising depth, not {self.tgc_db}")
        if len(depths) > _MOST_NODES:
            raise ValueError(f"tgc_db lists {len(depths)} nodes; at most {_MOST_NODES} are possible, so leave some out")
        for depth, gain in self.tgc_db:
            _require_within("a depth of tgc_db", depth, _LIMITS["depth_mm"])
            _require_within("a gain of tgc_db", gain, _LIMITS["gain_db"])

    def _require_within(self, name: str, limits: tuple[float, float, str]) -> None:
        value = getattr(self, name)
        values = () if value is None else value if isinstance(value, Sequence) else (value,)
        for one in values:
            if limits[0] > 0 and not one > 0:
                raise ValueError(f"{name} must be positive, not {value}")
            _require_within(name, one, limits)

    def _require_rising(self, name: str) -> None:
        value: tuple[float, float] | None = getattr(self, name)
        if value is not None and not value[0] < value[1]:
            raise ValueError(f"{name} must go from lower to higher, not {value[0]} to {value[1]}")

    def _require_at_most_one(self, *names: str) -> None:
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} exclude each other; leave {' or '.join(given)} out")

    @property
    def chosen(self) -> dict[str, Any]:
        """The settings that are not left to what fits, by name."""
        plain = ImagingSettings()
        return {name: v for name, v in msgspec.structs.asdict(self).items() if v != getattr(plain, name)}

    @property
    def of_beamforming(self) -> ImagingSettings:
        """What the analytic image depends on; the others change how it is shown."""
        return msgspec.structs.replace(self, gain_db=0.0, tgc_db=(), dynamic_range_db=60.0, reference_level=None)

    def shots_of(self, acquisition: Acquisition) -> tuple[int, ...]:
        """The transmits of an acquisition that are used.

        Raises:
            ValueError: it has no such transmits.
        """
        n_tx, n = acquisition.n_tx, self.transmits
        if n is not None and not 1 <= n <= n_tx:
            raise ValueError(f"transmits must lie in 1..{n_tx}, not {n}")
        if self.shots is not None:
            if not set(self.shots) <= set(range(n_tx)) or not 0 < len(set(self.shots)) == len(self.shots):
                raise ValueError(f"shots must lie in 0..{n_tx - 1}, each once, not {self.shots}")
            return self.shots
        return tuple(range(n_tx)) if n is None else tuple(int((i + 0.5) * n_tx / n) for i in range(n))

    def acquisition_of(self, acquisition: Acquisition) -> Acquisition:
        """The acquisition of the shots that are used, with the speed of sound and the dead elements of the settings.

        Raises:
            ValueError: it has no such transmits or elements.
        """
        shots = list(self.shots_of(acquisition))
        changes: dict[str, object] = {"dead_elements": {*acquisition.dead_elements, *self.dead_elements}}
        if self.sound_speed_m_s is not None:
            changes["sound_speed_m_s"] = self.sound_speed_m_s
        return acquisition.of_shots(shots, **changes)

    def grid_of(self, acquisition: Acquisition, default: ImageGrid | None = None) -> ImageGrid:
        """The pixels of the image of an acquisition.

        Args:
            default: what holds for whatever the settings leave open; by default `ImageGrid.for_acquisition`.

        Raises:
            ValueError: the image would reach beyond the record or be too large; it says what is possible.
        """
        if self.sound_speed_m_s is not None:
            acquisition = acquisition.of_shots(range(acquisition.n_tx), sound_speed_m_s=self.sound_speed_m_s)
        base = ImageGrid.for_acquisition(acquisition) if default is None else default
        extent = (self.depth_mm, self.width_mm, self.spacing_mm, self.pixels_per_wavelength)
        if all(choice is None for choice in extent):
            return base if self.sound_speed_m_s is None else base.within_record(acquisition)
        x_m = _in_m(self.width_mm) or (float(base.x_m[0]), float(base.x_m[-1]))
        z_m = _in_m(self.depth_mm) or (float(base.z_m[0]), float(base.z_m[-1]))
        grid = ImageGrid.spaced(x_m=x_m, z_m=z_m, spacing_m=self._spacing_m(acquisition, base))
        _require_in_record(acquisition, z_m[1])
        return grid

    def _spacing_m(self, acquisition: Acquisition, base: ImageGrid) -> tuple[float, float]:
        if self.spacing_mm is not None:
            return self.spacing_mm[0] * _MM, self.spacing_mm[1] * _MM
        if self.pixels_per_wavelength is None:
            return base.dx_m, base.dz_m
        spacing, pitch = acquisition.wavelength_m / self.pixels_per_wavelength, acquisition.probe.pitch_m
        return pitch / max(1, round(pitch / spacing)), spacing

    def tapers_of(self, acquisition: Acquisition) -> tuple[Apodization, Apodization]:
        """The apodization of the receive and of the transmit leg; by default what fits the probe.

        Raises:
            ValueError: a taper would leave no direction out.
        """
        receive = self._taper(acquisition, self.f_number, self.window)
        if self.transmit_f_number is None and self.transmit_window is None:
            return receive, receive
        transmit_f_number = self.f_number if self.transmit_f_number is None else self.transmit_f_number
        return receive, self._taper(acquisition, transmit_f_number, self.transmit_window or self.window)

    def _taper(self, acquisition: Acquisition, f_number: float | None, window: Window) -> Apodization:
        if f_number is not None:
            return AngleTaper.of_f_number(f_number, window)
        if self.max_angle_deg is not None:
            return AngleTaper(math.radians(self.max_angle_deg), window)
        if self.max_wavenumber_rad_m is not None:
            return WavenumberTaper.within(self.max_wavenumber_rad_m, acquisition, window)
        return WavenumberTaper.for_acquisition(acquisition, window)

    def row_gain(self, z_m: NDArray[np.float64]) -> NDArray[np.float32]:
        """The factor by which TGC multiplies the image at depths (n_z,), (n_z,)."""
        if not self.tgc_db:
            return np.ones(z_m.shape, np.float32)
        depths_mm, gains_db = np.array(self.tgc_db).T
        return np.asarray(10 ** (np.interp(z_m / _MM, depths_mm, gains_db) / 20), dtype=np.float32)


_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "depth_mm": (-1e4, 1e4, "mm"),
    "width_mm": (-1e4, 1e4, "mm"),
    "spacing_mm": (1e-6, 1e3, "mm"),
    "pixels_per_wavelength": (1e-2, 1e3, "pixels"),
    "sound_speed_m_s": (150.0, 2e4, "m/s"),
    "f_number": (1e-2, 1e3, ""),
    "max_angle_deg": (1e-2, 90.0, "degrees"),
    "max_wavenumber_rad_m": (1.0, 1e8, "rad/m"),
    "transmit_f_number": (1e-2, 1e3, ""),
    "transmits": (1, 1 << 20, ""),
    "gain_db": (-200.0, 200.0, "dB"),
    "dynamic_range_db": (1.0, 200.0, "dB"),
    "reference_level": (1e-20, 1e20, ""),
}
"""What settings lie within, and its unit: far beyond what ultrasound has a use for, and within what numbers can do.

Speeds of sound reach from gases to diamond.
"""
_MOST_NODES = 1000
"""Of a TGC curve: what describes a stream has to fit into the header of a message."""


def _require_within(name: str, value: float, limits: tuple[float, float, str]) -> None:
    low, high, unit = limits
    if not low <= value <= high:
        raise ValueError(f"{name} must lie within {low:g}..{high:g} {unit}".rstrip() + f", not {value}")


def _in_m(extent_mm: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if extent_mm is None else (extent_mm[0] * _MM, extent_mm[1] * _MM)


def _require_in_record(acquisition: Acquisition, deepest_m: float) -> None:
    first_mm, last_mm = (depth_m / _MM for depth_m in acquisition.record_depths_m)
    if not first_mm < deepest_m / _MM <= last_mm:
        raise ValueError(
            f"depth_mm ends at {deepest_m / _MM:.2f}, but the record holds echoes from {max(first_mm, 0):.2f} to "
            f"{last_mm:.2f} mm; {last_mm:.2f} is the deepest end"
        )
