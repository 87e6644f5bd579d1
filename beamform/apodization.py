"""Apodization of one leg (transmit or receive): how much of each direction an image keeps.

A taper is a function of the direction's sine and of the wavenumber k = omega / c, so the same object weights elements
in delay-and-sum and plane waves in the Fourier beamformer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, ImageGrid


@dataclass(frozen=True)
class AngleTaper:
    """Tukey (0.5) taper in sin(theta) / sin(max_angle_rad): a constant f-number of 1 / (2 tan(max_angle_rad)).

    Args:
        max_angle_rad: the angle from the array's normal at which the weight falls to 0.

    Raises:
        ValueError: the angle is not between 0 and pi/2.
    """

    max_angle_rad: float = 0.26

    def __post_init__(self) -> None:
        _require_angle("max_angle_rad", self.max_angle_rad)

    def weight(
        self, sin_theta: NDArray[np.floating], wavenumber_rad_m: NDArray[np.floating] | float
    ) -> NDArray[np.float64]:
        """Weight 0..1 of direction `sin_theta` at `wavenumber_rad_m`, of the shape of both broadcast together."""
        sine, _ = np.broadcast_arrays(np.abs(sin_theta), wavenumber_rad_m)
        return _tukey(sine / math.sin(self.max_angle_rad), flat=0.5)

    def sine_at(self, weight: float, wavenumber_rad_m: float) -> float:
        """The sine at which the weight has fallen to `weight`."""
        return _tukey_inverse(weight, flat=0.5) * math.sin(self.max_angle_rad)


@dataclass(frozen=True)
class WavenumberTaper:
    """Tukey (0.5) taper in |k_x| / max_wavenumber_rad_m, within a cone: an f-number proportional to frequency.

    The lateral bandwidth is the same at all frequencies, which lowers the far lobes and leaves fewer waves to sum. The
    cone, whose outer fifth is rounded, limits the low frequencies.

    Args:
        max_wavenumber_rad_m: |k_x| of one leg at which the weight falls to 0.
        max_angle_rad: half the cone's opening.

    Raises:
        ValueError: the wavenumber is not positive, or the angle not between 0 and pi/2.
    """

    max_wavenumber_rad_m: float
    max_angle_rad: float = 0.314

    def __post_init__(self) -> None:
        if not (math.isfinite(self.max_wavenumber_rad_m) and self.max_wavenumber_rad_m > 0):
            raise ValueError(f"max_wavenumber_rad_m must be positive, not {self.max_wavenumber_rad_m}")
        _require_angle("max_angle_rad", self.max_angle_rad)

    @classmethod
    def for_acquisition(cls, acquisition: Acquisition) -> WavenumberTaper:
        """The taper that fits an array: 0.64 of the element's first null, within 0.37 k at the centre frequency.

        For the reference probe that is 7000 rad/m within 18 degrees.
        """
        null_rad_m = 2 * math.pi / acquisition.probe.element_width_m
        center_rad_m = 2 * math.pi / acquisition.wavelength_m
        limit_rad_m = min(0.64 * null_rad_m, 0.37 * center_rad_m)
        return cls(limit_rad_m, math.asin(1.35 * limit_rad_m / center_rad_m))

    def at_center(self, acquisition: Acquisition) -> AngleTaper:
        """The constant f-number that this taper has at the centre frequency."""
        sine = self.max_wavenumber_rad_m * acquisition.wavelength_m / (2 * math.pi)
        return AngleTaper(min(math.asin(min(sine, 1.0)), self.max_angle_rad))

    def weight(
        self, sin_theta: NDArray[np.floating], wavenumber_rad_m: NDArray[np.floating] | float
    ) -> NDArray[np.float64]:
        """Weight 0..1 of direction `sin_theta` at `wavenumber_rad_m`, of the shape of both broadcast together."""
        sine = np.abs(sin_theta)
        cone = _tukey(sine / math.sin(self.max_angle_rad), flat=0.8)
        return _tukey(sine * wavenumber_rad_m / self.max_wavenumber_rad_m, flat=0.5) * cone

    def sine_at(self, weight: float, wavenumber_rad_m: float) -> float:
        """The sine at which the weight has fallen to `weight`."""
        lateral = _tukey_inverse(weight, flat=0.5) * self.max_wavenumber_rad_m / wavenumber_rad_m
        return min(lateral, _tukey_inverse(weight, flat=0.8) * math.sin(self.max_angle_rad))


Apodization = AngleTaper | WavenumberTaper


def uniform_gain(
    acquisition: Acquisition,
    grid: ImageGrid,
    apodization: Apodization | None = None,
    *,
    limit_transmit: bool = True,
) -> NDArray[np.float32]:
    """Gain, float32 (n_z, n_x), that shows uniform tissue uniformly: 1 / sqrt(sum of all pair weights).

    It makes electronic noise equally strong everywhere. Echoes that spread cylindrically are then equally bright at
    every depth too, since the aperture of a taper grows as they fall. A leg seen by less than one whole element
    counts as one, so that the near field is not blown up.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels.
        apodization: weights of both legs; by default `WavenumberTaper.for_acquisition`.
        limit_transmit: whether the transmit leg is weighted too, as for `DelayAndSum`.
    """
    receive = apodization or WavenumberTaper.for_acquisition(acquisition)
    wavenumber_rad_m = 2 * math.pi / acquisition.wavelength_m
    transmit_weights = leg_weights(acquisition, grid, receive if limit_transmit else None, wavenumber_rad_m)
    transmit_sum = transmit_weights[..., list(acquisition.tx_elements)].sum(-1)
    receive_sum = leg_weights(acquisition, grid, receive, wavenumber_rad_m).sum(-1)
    return np.asarray(1 / np.sqrt(np.maximum(transmit_sum, 1) * np.maximum(receive_sum, 1)), dtype=np.float32)


def leg_weights(
    acquisition: Acquisition, grid: ImageGrid, apodization: Apodization | None, wavenumber_rad_m: float
) -> NDArray[np.float32]:
    """Weight of each element at each pixel, float32 (n_z, n_x, n_elements), at one wavenumber k = omega / c.

    All ones without apodization.
    """
    lateral = grid.x_m[None, :, None] - acquisition.probe.element_x_m
    if apodization is None:
        return np.ones((grid.n_z, *lateral.shape[1:]), np.float32)
    distance = np.hypot(lateral, np.maximum(grid.z_m, 1e-9)[:, None, None])
    return apodization.weight(lateral / distance, wavenumber_rad_m).astype(np.float32)


def _tukey(position: NDArray[np.floating], flat: float) -> NDArray[np.float64]:
    """1 up to `flat`, a raised cosine from there to 0 at 1."""
    ramp = np.clip((position - flat) / (1 - flat), 0.0, 1.0)
    return np.asarray(0.5 * (1 + np.cos(np.pi * ramp)), dtype=np.float64)


def _tukey_inverse(weight: float, flat: float) -> float:
    return flat + (1 - flat) * math.acos(2 * weight - 1) / math.pi


def _require_angle(name: str, value: float) -> None:
    if not 0 < value < math.pi / 2:
        raise ValueError(f"{name} must lie between 0 and pi/2, not {value}")
