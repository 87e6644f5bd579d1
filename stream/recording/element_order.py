"""The elements of a file, put as ours are: at one pitch, from left to right, centred on x = 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.probe import Probe
from sonolucent.stream.recording import sanity
from sonolucent.stream.recording.file_description import FileDescription
from sonolucent.stream.recording.sanity import Claim

# Files hold single precision.
_UNEVENNESS = 1e-3


@dataclass(frozen=True)
class ElementOrder:
    """A file's array as ours.

    Args:
        probe: the array.
        is_mirrored: the file counts its elements from right to left.
        notes: what had to be changed.
    """

    probe: Probe
    is_mirrored: bool
    notes: tuple[str, ...]

    def sort_receivers(self, frame: NDArray[Any]) -> NDArray[Any]:
        """A frame (n_tx, n_rx, n_samples), or values (n_tx, n_rx), with receivers from left to right."""
        return frame[:, ::-1] if self.is_mirrored else frame


def element_order(said: FileDescription, wavelength_m: float, center_frequency_hz: float) -> ElementOrder:
    """The order of a file's elements, and its probe.

    Raises:
        ValueError: they are not those of the data, not at one pitch along x, or of a size in another unit than m.
    """
    x_m = sanity.numbers(said.element_x_m)
    _require_receivers(said, len(x_m))
    steps_m = np.diff(x_m)
    step_m = float(steps_m.mean()) if len(steps_m) else 0.0
    pitch_m = sanity.length_m(Claim(f"the pitch of {said.element_x_m.field}", abs(step_m)), wavelength_m)
    if np.ptp(steps_m) > _UNEVENNESS * pitch_m:
        raise ValueError(
            f"the elements of {said.element_x_m.field} are not at one pitch: they are {np.abs(steps_m).min():g} to "
            f"{np.abs(steps_m).max():g} m apart; only linear arrays can be read"
        )
    bandwidth = {} if said.fractional_bandwidth is None else {"fractional_bandwidth": said.fractional_bandwidth}
    probe = Probe.linear(
        n_elements=len(x_m),
        pitch_m=pitch_m,
        element_width_m=_width(said, pitch_m, wavelength_m),
        center_frequency_hz=center_frequency_hz,
        **bandwidth,
    )
    return ElementOrder(probe, step_m < 0, tuple(_notes(said, x_m, step_m)))


def _notes(said: FileDescription, x_m: NDArray[np.float64], step_m: float) -> list[str]:
    notes = []
    middle_m = (x_m[0] + x_m[-1]) / 2
    if abs(middle_m) > _UNEVENNESS * abs(step_m):
        notes.append(f"the array's centre lies at x = {middle_m * 1e3:.2f} mm; shifted to 0")
    if step_m < 0:
        notes.append("elements are counted from right to left; mirrored, with their data")
    if said.element_width_m is None:
        notes.append("the width of an element is not given; the pitch is taken")
    return notes


def _width(said: FileDescription, pitch_m: float, wavelength_m: float) -> float:
    if said.element_width_m is None:
        return pitch_m
    width_m = sanity.length_m(said.element_width_m, wavelength_m)
    if width_m > pitch_m * (1 + _UNEVENNESS):
        unit = "mm" if 0.1 * pitch_m < width_m * 1e-3 <= pitch_m * (1 + _UNEVENNESS) else ""
        guess = f"likely in {unit}; give it in m" if unit else "correct one of them"
        raise ValueError(f"{said.element_width_m.field} is {width_m:g}, beyond the pitch of {pitch_m:g} m: {guess}")
    return min(width_m, pitch_m)


def _require_receivers(said: FileDescription, n_elements: int) -> None:
    """Axes that are exchanged show by their lengths."""
    n_tx, n_rx, n_samples = said.shape
    if n_rx == n_elements:
        return
    shape = f"{n_tx} transmits, {n_rx} receivers and {n_samples} samples"
    if n_samples == n_elements:
        raise ValueError(
            f"its data have {shape}, but {said.element_x_m.field} has {n_elements} elements: the axes of receivers "
            "and samples are exchanged; exchange them in the file"
        )
    raise ValueError(
        f"its data have {shape}, but {said.element_x_m.field} has {n_elements} elements; only whole apertures are read"
    )
