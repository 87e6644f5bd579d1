"""How an acquisition is told: a map in the header of `stream`, and the tables of its sequence as the payload."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import UNSET

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.plausible_values import require_ultrasound
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
        require_ultrasound(acquisition)
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
