"""Numbers of a file, held to what ultrasound can be: a wrong unit shows by its size, and is named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.plausible_values import (
    FRAME_RATE_HZ,
    FREQUENCY_HZ,
    LENGTH_WAVELENGTHS,
    SAMPLING_HZ,
    SPEED_M_S,
    TIME_RECORDS,
    Range,
)
from sonolucent.stream.recording.read_budget import charge

# As a double, and once more while it is looked at.
_NUMBER_BYTES = 16


@dataclass(frozen=True)
class Claim:
    """What a file says, under the file's own name for it: a number, or an array of them."""

    field: str
    value: Any


def frequency_hz(claim: Claim) -> float:
    """A frequency of sound. Raises ValueError where it cannot be one in Hz."""
    return _within(claim, FREQUENCY_HZ, "Hz", {"MHz": 1e6, "kHz": 1e3})


def sampling_frequency_hz(claim: Claim) -> float:
    """A sampling frequency. Raises ValueError where it cannot be one in Hz."""
    return _within(claim, SAMPLING_HZ, "Hz", {"MHz": 1e6, "kHz": 1e3})


def frame_rate_hz(claim: Claim) -> float:
    """A rate of frames. Raises ValueError where it cannot be one in Hz."""
    return _within(claim, FRAME_RATE_HZ, "Hz", {"kHz": 1e3})


def sound_speed_m_s(claim: Claim) -> float:
    """A speed of sound. Raises ValueError where it cannot be one in m/s."""
    return _within(claim, SPEED_M_S, "m/s", {"mm/us": 1e3, "cm/s": 1e-2, "mm/s": 1e-3})


def length_m(claim: Claim, wavelength_m: float) -> float:
    """A pitch or a width of elements. Raises ValueError where it cannot be one in m at that wavelength."""
    plausible = (LENGTH_WAVELENGTHS[0] * wavelength_m, LENGTH_WAVELENGTHS[1] * wavelength_m)
    return _within(claim, plausible, "m", {"mm": 1e-3, "um": 1e-6, "cm": 1e-2})


def times_s(claim: Claim, record_s: float) -> NDArray[np.float64]:
    """Times of first samples, or delays. Raises ValueError where they are not finite, or too long for s."""
    values = numbers(claim)
    longest = float(np.abs(values).max(initial=0.0))
    if longest > TIME_RECORDS * record_s:
        plausible = (0.0, TIME_RECORDS * record_s)
        raise ValueError(_refusal(claim.field, longest, plausible, "s", {"us": 1e-6, "ns": 1e-9}))
    return values


def numbers(claim: Claim) -> NDArray[np.float64]:
    """All the numbers of a claim, its shape.

    Raises:
        ValueError: it holds something else, a number that is not finite, or too many for their file.
    """
    values = np.asarray(claim.value)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{claim.field} holds {values.dtype} where numbers are due")
    charge(_NUMBER_BYTES * values.size, claim.field)
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        bad = values[~np.isfinite(values)].flat[0]
        raise ValueError(f"{claim.field} is {bad:g}, not a finite number; correct it in the file")
    return values


def number(claim: Claim) -> float:
    """The one number of a claim, be it a scalar or an array of equal ones.

    Raises:
        ValueError: there is none, or there are several.
    """
    values = numbers(claim)
    if values.size == 0 or np.ptp(values) > 1e-6 * np.abs(values).max():
        held = f"{values.size} numbers from {values.min():g} to {values.max():g}" if values.size else "no number"
        raise ValueError(f"{claim.field} holds {held} where one for all transmits is due")
    return float(values.flat[0])


def _within(claim: Claim, plausible: Range, unit: str, others: dict[str, float]) -> float:
    value = number(claim)
    if value <= 0:
        raise ValueError(f"{claim.field} is {value:g}; it must be positive, in {unit}: correct it in the file")
    if not plausible[0] <= value <= plausible[1]:
        raise ValueError(_refusal(claim.field, value, plausible, unit, others))
    return value


def _refusal(field: str, value: float, plausible: Range, unit: str, others: dict[str, float]) -> str:
    low, high = plausible
    likely = next((name for name, size in others.items() if low <= value * size <= high), None)
    guess = f", which is likely in {likely}" if likely else f", beyond what is possible in {unit}"
    return f"{field} is {value:g}{guess}; give it in {unit}"
