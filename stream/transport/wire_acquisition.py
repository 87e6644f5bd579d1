"""How an acquisition is told: a map in the header of `stream`, and the tables of its sequence as the payload."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import UNSET

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.plausible_values import (
    FREQUENCY_HZ,
    LENGTH_WAVELENGTHS,
    MOST_ELEMENTS,
    SAMPLING_HZ,
    SPEED_M_S,
    TIME_RECORDS,
    Range,
)
from sonolucent.stream.transport.wire_array import read_array, require_empty
from sonolucent.stream.transport.wire_header import AcquisitionHeader, Buffer, WireError


def encode_acquisition(acquisition: Acquisition) -> tuple[AcquisitionHeader, Buffer]:
    """The map, and the payload: float64 (2, n_shots, n_elements), delays and weights; none of single elements."""
    names = [name for name in AcquisitionHeader.__struct_fields__ if name != "n_shots"]
    facts = {name: getattr(acquisition, name) for name in names}
    facts["dead_elements"] = facts["dead_elements"] or UNSET
    sequence = acquisition.sequence
    if sequence is None:
        return AcquisitionHeader(**facts), b""
    tables = np.stack([sequence.delays_s, sequence.apodization]).astype("<f8", copy=False)
    return AcquisitionHeader(**facts, n_shots=sequence.n_shots), tables.data


def decode_acquisition(header: AcquisitionHeader, payload: memoryview) -> Acquisition:
    """The twin of `encode_acquisition`.

    Raises:
        WireError: the payload is not what the map says, there is no such acquisition, or none that is ultrasound.
    """
    try:
        sequence = _decode_sequence(header, payload)
        facts = msgspec.structs.asdict(header)
        del facts["n_shots"]
        facts["dead_elements"] = header.dead_elements or ()
        acquisition = Acquisition(**facts, sequence=sequence)
        _require_ultrasound(acquisition)
        return acquisition
    except WireError:
        raise
    except ValueError as error:
        raise WireError("malformed", str(error)) from error


def _decode_sequence(header: AcquisitionHeader, payload: memoryview) -> TransmitSequence | None:
    if header.n_shots is UNSET:
        require_empty(payload)
        return None
    delays_s, apodization = read_array(payload, "<f8", (2, header.n_shots, header.probe.n_elements))
    return TransmitSequence(delays_s, apodization)


def _require_ultrasound(acquisition: Acquisition) -> None:
    """Refuses what nobody can have taken, before any plan for it is made: that could take all memory.

    Raises:
        ValueError: it says which number.
    """
    probe, length_m = acquisition.probe, acquisition.wavelength_m
    if probe.n_elements > MOST_ELEMENTS:
        raise ValueError(f"n_elements must lie within 1..{MOST_ELEMENTS}, not {probe.n_elements}")
    _require_within("center_frequency_hz", probe.center_frequency_hz, FREQUENCY_HZ)
    _require_within("sampling_frequency_hz", acquisition.sampling_frequency_hz, SAMPLING_HZ)
    _require_within("sound_speed_m_s", acquisition.sound_speed_m_s, SPEED_M_S)
    for name in ("pitch_m", "element_width_m"):
        _require_within(
            name, getattr(probe, name), (LENGTH_WAVELENGTHS[0] * length_m, LENGTH_WAVELENGTHS[1] * length_m)
        )
    if acquisition.is_baseband:
        _require_within("demodulation_frequency_hz", acquisition.demodulation_frequency_hz, FREQUENCY_HZ)
    longest_s = TIME_RECORDS * acquisition.n_samples / acquisition.sampling_frequency_hz
    _require_within("initial_time_s", acquisition.initial_time_s, (-longest_s, longest_s))
    if acquisition.sequence is not None:
        latest_s = float(np.abs(acquisition.sequence.delays_s).max())
        _require_within("the longest delay", latest_s, (0.0, longest_s))


def _require_within(name: str, value: float, plausible: Range) -> None:
    low, high = plausible
    if not low <= value <= high:
        raise ValueError(f"{name} must lie within {low:g}..{high:g}, not {value:g}; is it in SI units?")
