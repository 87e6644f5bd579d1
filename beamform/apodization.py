"""Apodization of one leg (transmit or receive): how much of each direction an image keeps.

A taper is a function of the direction's sine and of the wavenumber k = omega / c, so the same object weights elements
in delay-and-sum and plane waves in the Fourier beamformer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute.matrix_product import product
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_waves import find_waves

Window = Literal["tukey", "hann", "hamming", "boxcar"]
"""How a weight falls from 1 in the middle to the limit: not at all over the inner half and as a raised cosine over the
outer (Tukey 0.5), as a raised cosine (Hann), as one that ends at 0.08 (Hamming), or not at all (boxcar)."""

_FLAT: dict[Window, float] = {"tukey": 0.5, "hann": 0.0, "hamming": 0.0, "boxcar": 0.0}
_FLOOR: dict[Window, float] = {"tukey": 0.0, "hann": 0.0, "hamming": 0.08, "boxcar": 1.0}
_CONE_FLAT = 0.8
_LATERAL_DIGITS = 12
"""Of positions in metres: a picometre is no difference."""


@dataclass(frozen=True)
class AngleTaper:
    """A window in sin(theta) / sin(max_angle_rad): a constant f-number of 1 / (2 tan(max_angle_rad)).

    Args:
        max_angle_rad: the angle from the array's normal beyond which the weight is 0.
        window: how it falls up to there.

    Raises:
        ValueError: the angle is not between 0 and pi/2, or there is no such window.
    """

    max_angle_rad: float = 0.26
    window: Window = "tukey"

    def __post_init__(self) -> None:
        _require_angle("max_angle_rad", self.max_angle_rad)
        _require_window(self.window)

    @classmethod
    def of_f_number(cls, f_number: float, window: Window = "tukey") -> AngleTaper:
        """The taper whose aperture is depth / f_number wide.

        Raises:
            ValueError: the f-number is not positive.
        """
        if not (math.isfinite(f_number) and f_number > 0):
            raise ValueError(f"f_number must be positive, not {f_number}")
        return cls(math.atan(1 / (2 * f_number)), window)

    def weight(
        self, sin_theta: NDArray[np.floating], wavenumber_rad_m: NDArray[np.floating] | float
    ) -> NDArray[np.float64]:
        """Weight 0..1 of direction `sin_theta` at `wavenumber_rad_m`, of the shape of both broadcast together."""
        sine, _ = np.broadcast_arrays(np.abs(sin_theta), wavenumber_rad_m)
        return _weight_at(sine / math.sin(self.max_angle_rad), self.window)

    def sine_at(self, weight: float, wavenumber_rad_m: float) -> float:
        """The sine at which the weight has fallen to `weight`."""
        return _position_of(weight, self.window) * math.sin(self.max_angle_rad)


@dataclass(frozen=True)
class WavenumberTaper:
    """A window in |k_x| / max_wavenumber_rad_m, within a cone: an f-number proportional to frequency.

    The lateral bandwidth is the same at all frequencies, which lowers the far lobes and leaves fewer waves to sum. The
    cone, whose outer fifth is rounded, limits the low frequencies.

    Args:
        max_wavenumber_rad_m: |k_x| of one leg beyond which the weight is 0.
        max_angle_rad: half the cone's opening.
        window: how the weight falls up to the wavenumber.

    Raises:
        ValueError: the wavenumber is not positive, the angle not between 0 and pi/2, or there is no such window.
    """

    max_wavenumber_rad_m: float
    max_angle_rad: float = 0.314
    window: Window = "tukey"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.max_wavenumber_rad_m) and self.max_wavenumber_rad_m > 0):
            raise ValueError(f"max_wavenumber_rad_m must be positive, not {self.max_wavenumber_rad_m}")
        _require_angle("max_angle_rad", self.max_angle_rad)
        _require_window(self.window)

    @classmethod
    def for_acquisition(cls, acquisition: Acquisition, window: Window = "tukey") -> WavenumberTaper:
        """The taper that fits an array: 0.64 of the element's first null, within 0.37 k at the centre frequency.

        For the reference probe that is 7000 rad/m within 18 degrees.
        """
        null_rad_m = 2 * math.pi / acquisition.probe.element_width_m
        center_rad_m = 2 * math.pi / acquisition.wavelength_m
        return cls.within(min(0.64 * null_rad_m, 0.37 * center_rad_m), acquisition, window)

    @classmethod
    def within(cls, max_wavenumber_rad_m: float, acquisition: Acquisition, window: Window = "tukey") -> WavenumberTaper:
        """The taper of that wavenumber, in a cone 1.35 times as wide as it is at the centre frequency.

        Raises:
            ValueError: the cone would be wider than all directions; it says the largest wavenumber.
        """
        center_rad_m = 2 * math.pi / acquisition.wavelength_m
        if max_wavenumber_rad_m > 0.7 * center_rad_m:
            raise ValueError(
                f"max_wavenumber_rad_m {max_wavenumber_rad_m:g} leaves no direction out; at this centre frequency it "
                f"can be at most {0.7 * center_rad_m:.0f}"
            )
        return cls(max_wavenumber_rad_m, math.asin(1.35 * max_wavenumber_rad_m / center_rad_m), window)

    def at_center(self, acquisition: Acquisition) -> AngleTaper:
        """The constant f-number that this taper has at the centre frequency."""
        sine = self.max_wavenumber_rad_m * acquisition.wavelength_m / (2 * math.pi)
        return AngleTaper(min(math.asin(min(sine, 1.0)), self.max_angle_rad), self.window)

    def weight(
        self, sin_theta: NDArray[np.floating], wavenumber_rad_m: NDArray[np.floating] | float
    ) -> NDArray[np.float64]:
        """Weight 0..1 of direction `sin_theta` at `wavenumber_rad_m`, of the shape of both broadcast together."""
        sine = np.abs(sin_theta)
        cone = _raised_cosine(sine / math.sin(self.max_angle_rad), _CONE_FLAT)
        return _weight_at(sine * wavenumber_rad_m / self.max_wavenumber_rad_m, self.window) * cone

    def sine_at(self, weight: float, wavenumber_rad_m: float) -> float:
        """The sine at which the weight has fallen to `weight`."""
        lateral = _position_of(weight, self.window) * self.max_wavenumber_rad_m / wavenumber_rad_m
        return min(lateral, _raised_cosine_inverse(weight, _CONE_FLAT) * math.sin(self.max_angle_rad))


Apodization = AngleTaper | WavenumberTaper


def uniform_gain(
    acquisition: Acquisition,
    grid: ImageGrid,
    apodization: Apodization | None = None,
    *,
    transmit_apodization: Apodization | None = None,
    limit_transmit: bool = True,
) -> NDArray[np.float32]:
    """Gain, float32 (n_z, n_x), that shows uniform tissue uniformly: 1 / sqrt(sum of all pair weights).

    It makes electronic noise equally strong everywhere. Echoes that spread cylindrically are then equally bright at
    every depth too, since the aperture of a taper grows as they fall. A leg seen by less than one whole element
    counts as one, so that the near field is not blown up.

    The waves of a transmit sequence count as one each, where they come; shots that are no waves are taken to be decoded
    to single elements.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels.
        apodization: weights of both legs; by default `WavenumberTaper.for_acquisition`.
        transmit_apodization: of the transmit leg, where it is to be weighted otherwise.
        limit_transmit: whether the transmit leg is weighted too, as for `DelayAndSum`.
    """
    receive = apodization or WavenumberTaper.for_acquisition(acquisition)
    transmit = (transmit_apodization or receive) if limit_transmit else None
    wavenumber_rad_m = 2 * math.pi / acquisition.wavelength_m
    receive_sum = _weight_sum(acquisition, grid, receive, wavenumber_rad_m, range(acquisition.n_rx))
    waves = find_waves(acquisition)
    if waves and all(waves):
        transmit_sum = np.sum([wave.lit(grid.x_m, grid.z_m[:, None]) for wave in waves if wave], axis=0)
    elif transmit == receive and sorted(acquisition.tx_elements) == list(range(acquisition.n_rx)):
        transmit_sum = receive_sum
    else:
        transmit_sum = _weight_sum(acquisition, grid, transmit, wavenumber_rad_m, acquisition.tx_elements)
    return np.asarray(1 / np.sqrt(np.maximum(transmit_sum, 1) * np.maximum(receive_sum, 1)), dtype=np.float32)


def leg_weights(
    acquisition: Acquisition, grid: ImageGrid, apodization: Apodization | None, wavenumber_rad_m: float
) -> NDArray[np.float32]:
    """Weight of each element at each pixel, float32 (n_z, n_x, n_elements), at one wavenumber k = omega / c.

    All ones without apodization, but for elements that are dead.
    """
    lateral = grid.x_m[None, :, None] - acquisition.probe.element_x_m
    if apodization is None:
        weights = np.ones((grid.n_z, *lateral.shape[1:]), np.float32)
    else:
        distance = np.hypot(lateral, np.maximum(grid.z_m, 1e-9)[:, None, None])
        weights = apodization.weight(lateral / distance, wavenumber_rad_m).astype(np.float32)
    weights[..., list(acquisition.dead_elements)] = 0
    return weights


def _weight_sum(
    acquisition: Acquisition,
    grid: ImageGrid,
    apodization: Apodization | None,
    wavenumber_rad_m: float,
    elements: Sequence[int],
) -> NDArray[np.float64]:
    """The sum of `leg_weights` over some elements, (n_z, n_x)."""
    alive = [element for element in elements if element not in acquisition.dead_elements]
    if apodization is None:
        return np.full(grid.shape, float(len(alive)))
    lateral = np.abs(grid.x_m[:, None] - acquisition.probe.element_x_m[alive])
    # Columns a whole part of a pitch apart are as far from one element as others are from its neighbours.
    offset_m, which = np.unique(np.round(lateral, _LATERAL_DIGITS), return_inverse=True)
    n_elements = np.zeros((offset_m.size, grid.n_x))
    np.add.at(n_elements, (which.reshape(lateral.shape), np.arange(grid.n_x)[:, None]), 1)
    sine = offset_m / np.hypot(offset_m, np.maximum(grid.z_m, 1e-9)[:, None])
    return product(np.asarray(apodization.weight(sine, wavenumber_rad_m), np.float64), n_elements)


def _weight_at(position: NDArray[np.floating], window: Window) -> NDArray[np.float64]:
    """The window's weight at positions, 0 in the middle and 1 at its limit, beyond which it is 0."""
    weight = _FLOOR[window] + (1 - _FLOOR[window]) * _raised_cosine(position, _FLAT[window])
    return np.asarray(np.where(position <= 1, weight, 0.0), dtype=np.float64)


def _position_of(weight: float, window: Window) -> float:
    """The position at which the window has fallen to `weight`; its limit where it never falls so far."""
    above_floor = (weight - _FLOOR[window]) / max(1 - _FLOOR[window], 1e-9)
    return 1.0 if above_floor <= 0 else _raised_cosine_inverse(above_floor, _FLAT[window])


def _raised_cosine(position: NDArray[np.floating], flat: float) -> NDArray[np.float64]:
    """1 up to `flat`, a raised cosine from there to 0 at 1."""
    ramp = np.clip((position - flat) / (1 - flat), 0.0, 1.0)
    return np.asarray(0.5 * (1 + np.cos(np.pi * ramp)), dtype=np.float64)


def _raised_cosine_inverse(weight: float, flat: float) -> float:
    return flat + (1 - flat) * math.acos(2 * weight - 1) / math.pi


def _require_angle(name: str, value: float) -> None:
    if not 0 < value < math.pi / 2:
        raise ValueError(f"{name} must lie between 0 and pi/2, not {value}")


def _require_window(window: str) -> None:
    if window not in get_args(Window):
        raise ValueError(f"window must be one of {', '.join(get_args(Window))}, not {window!r}")
