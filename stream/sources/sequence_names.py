"""Transmit sequences by name: `single`, `hadamard`, `plane:N[:DEGREES]`, `diverging:N`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.errors import ConfigError

SEQUENCES = "single, hadamard, plane:N, plane:N:DEGREES, diverging:N"
_LARGEST_ANGLE_DEG = 15.0


def sequence_named(name: str, probe: Probe, sound_speed_m_s: float) -> TransmitSequence | None:
    """The sequence of that name for a probe; None for single elements, which need none.

    `plane:N:DEGREES` is N plane waves, evenly spaced between plus and minus so many degrees, 15 by default.
    `diverging:N` is N waves from virtual sources that are evenly spread across the aperture, half its width behind it.

    Raises:
        ConfigError: there is no such sequence, or not for this probe.
    """
    kind, *numbers = name.split(":")
    try:
        match kind, [float(number) for number in numbers]:
            case "single", []:
                return None
            case "hadamard", []:
                return TransmitSequence.hadamard(probe.n_elements)
            case "plane", [n_shots]:
                return _plane_waves(probe, n_shots, _LARGEST_ANGLE_DEG, sound_speed_m_s)
            case "plane", [n_shots, largest_deg]:
                return _plane_waves(probe, n_shots, largest_deg, sound_speed_m_s)
            case "diverging", [n_shots]:
                return _diverging(probe, n_shots, sound_speed_m_s)
    except ValueError as error:
        raise ConfigError(f"sequence {name!r}: {error}") from error
    raise ConfigError(f"no sequence {name!r}; there are {SEQUENCES}")


def _plane_waves(probe: Probe, n_shots: float, largest_deg: float, sound_speed_m_s: float) -> TransmitSequence:
    return TransmitSequence.plane_waves(probe, np.deg2rad(_symmetric(largest_deg, n_shots)), sound_speed_m_s)


def _diverging(probe: Probe, n_shots: float, sound_speed_m_s: float) -> TransmitSequence:
    half_width_m = probe.n_elements * probe.pitch_m / 2
    x_m = _symmetric(half_width_m, n_shots)
    return TransmitSequence.diverging(probe, np.column_stack([x_m, np.full_like(x_m, -half_width_m)]), sound_speed_m_s)


def _symmetric(largest: float, n: float) -> NDArray[np.float64]:
    """`n` values from -largest to +largest; 0 where there is one."""
    if not n.is_integer() or n < 1:
        raise ValueError(f"the number of shots must be 1, 2, 3, ..., not {n:g}")
    return np.linspace(-largest, largest, int(n)) if n > 1 else np.zeros(1)
