"""How images were made that a network is trained on, or used on: what decides how their speckle looks in pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid

_TOLERANCE = 0.1
"""Relative difference below which two conditions are the same to a network."""


_Positive = Annotated[float, msgspec.Meta(gt=0)]


class ImageConditions(msgspec.Struct, frozen=True):
    """The probe, the wavelength and the pixels of some images.

    Args:
        n_elements, pitch_m: of the probe.
        wavelength_m: in the medium, at the centre frequency.
        fractional_bandwidth: of the two-way pulse, -6 dB, over the centre frequency.
        dx_m, dz_m: lateral and axial size of a pixel.
    """

    n_elements: Annotated[int, msgspec.Meta(gt=0)]
    pitch_m: _Positive
    wavelength_m: _Positive
    fractional_bandwidth: _Positive
    dx_m: _Positive
    dz_m: _Positive

    @classmethod
    def of(cls, acquisition: Acquisition, grid: ImageGrid) -> ImageConditions:
        """Those of the images of an acquisition on a grid."""
        probe = acquisition.probe
        wavelength_m = acquisition.sound_speed_m_s / probe.center_frequency_hz
        return cls(
            probe.n_elements, probe.pitch_m, wavelength_m, float(probe.fractional_bandwidth), grid.dx_m, grid.dz_m
        )

    @property
    def grain_px(self) -> float:
        """Axial length of a speckle grain in pixels: half a pulse's length, wavelength / (2 * bandwidth)."""
        return self.wavelength_m / (2 * self.fractional_bandwidth * self.dz_m)

    def differences(self, trained: ImageConditions, *, grain_matched: bool = False) -> Iterator[str]:
        """What is other than where a network was trained, with both values; nothing where it is the same.

        Args:
            grain_matched: whether images are resampled so that the network sees them in pixels as it knows them.
        """
        if _differ(self.wavelength_m, trained.wavelength_m):
            yield f"wavelength {self.wavelength_m * 1e3:.3g} mm, not {trained.wavelength_m * 1e3:.3g}"
        if not grain_matched and (_differ(self.dx_m, trained.dx_m) or _differ(self.dz_m, trained.dz_m)):
            yield f"pixels {_size(self)} mm, not {_size(trained)}"
        if not grain_matched and _differ(self.grain_px, trained.grain_px):
            yield f"speckle grain {self.grain_px:.2g} pixels deep, not {trained.grain_px:.2g}"
        if self.n_elements != trained.n_elements or _differ(self.pitch_m, trained.pitch_m):
            yield f"probe {_probe(self)}, not {_probe(trained)}"


def outside_training(
    name: str, trained: ImageConditions | None, used: ImageConditions, *, grain_matched: bool = False
) -> tuple[str, ...]:
    """A sentence where a network is used on images of another kind than it was trained on; none where it is not, or
    where its `model.json` does not say. `grain_matched` is as in `ImageConditions.differences`."""
    found = () if trained is None else tuple(used.differences(trained, grain_matched=grain_matched))
    if not found:
        return ()
    return (f"{name} is used outside what it was trained for, and may show what is not there: {'; '.join(found)}",)


def _differ(a: float, b: float) -> bool:
    return abs(a - b) > _TOLERANCE * max(abs(a), abs(b))


def _size(conditions: ImageConditions) -> str:
    return f"{conditions.dx_m * 1e3:.3g} x {conditions.dz_m * 1e3:.3g}"


def _probe(conditions: ImageConditions) -> str:
    return f"of {conditions.n_elements} elements at {conditions.pitch_m * 1e3:.3g} mm"
