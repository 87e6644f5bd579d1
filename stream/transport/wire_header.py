"""The headers of the wire format: a magic, a schema number and a MessagePack map, with its keys as structs."""

from __future__ import annotations

import struct
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.beamform.probe import Probe
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.ledger import Count
from sonolucent.stream.messages import ChannelType, Trail

MAGIC = b"SNLU"
SCHEMA = 1
MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 1 << 30

Buffer = bytes | memoryview
Reason = Literal["foreign", "schema", "malformed", "truncated", "oversized", "gone"]
_PREFIX = struct.Struct("<4sH")
Shape = tuple[Count, Count, Count]


class WireError(ValueError):
    """A message that was refused; `reason` is what the ledger counts."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason} message: {detail}")
        self.reason: Reason = reason


class _Header(msgspec.Struct, tag_field="kind"):
    pass


class AcquisitionHeader(msgspec.Struct):
    """An `Acquisition`, its defaults too, but for the tables of its sequence: of those it tells how many shots."""

    probe: Probe = msgspec.field(default_factory=Probe.sau64)
    tx_elements: tuple[int, ...] = tuple(Acquisition().tx_elements)
    n_samples: int = Acquisition().n_samples
    sampling_frequency_hz: float = Acquisition().sampling_frequency_hz
    initial_time_s: float = 0.0
    sound_speed_m_s: float = Acquisition().sound_speed_m_s
    demodulation_frequency_hz: float = 0.0
    dead_elements: tuple[int, ...] | UnsetType = UNSET
    n_shots: Count | UnsetType = UNSET


class StreamHeader(_Header, tag="stream"):
    acquisition: AcquisitionHeader
    session: Count
    grid: ImageGrid | None = None
    frame_rate_hz: float | None = None
    dtype: ChannelType = "<i2"
    next_frame_id: Count | None = None
    imaging: ImagingSettings | UnsetType = UNSET
    revision: Count | UnsetType = UNSET
    offered_grid: ImageGrid | UnsetType = UNSET


class ChannelsHeader(_Header, tag="channels"):
    frame_id: Count
    dtype: ChannelType
    shape: Shape
    first_tx: Count = 0
    trail: Trail = msgspec.field(default_factory=Trail)
    ahead: bool | UnsetType = UNSET


class ImageHeader(_Header, tag="image"):
    frame_id: Count
    shape: Shape
    dynamic_range_db: float
    model: str = ""
    device: str = ""
    skipped: str = ""
    trail: Trail = msgspec.field(default_factory=Trail)
    backend: str = ""
    reason: str | UnsetType = UNSET
    revision: Count | UnsetType = UNSET
    n_shots: tuple[Count, Count] | UnsetType = UNSET
    strength: Annotated[float, msgspec.Meta(ge=0, le=1)] | UnsetType = UNSET


class EndHeader(_Header, tag="end"):
    frames: Count


AnyHeader = StreamHeader | ChannelsHeader | ImageHeader | EndHeader

_decoder: msgspec.msgpack.Decoder[AnyHeader] = msgspec.msgpack.Decoder(AnyHeader)


def _plain(value: object) -> object:
    """NumPy's numbers as Python's, which MessagePack knows."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a header")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)


def pack(header: AnyHeader) -> bytes:
    """The header part of a message."""
    return _PREFIX.pack(MAGIC, SCHEMA) + _encoder.encode(header)


def unpack(data: memoryview) -> AnyHeader:
    """The header in a header part.

    Raises:
        WireError: it is foreign, of another schema, oversized or malformed.
    """
    if len(data) < _PREFIX.size or bytes(data[:4]) != MAGIC:
        raise WireError("foreign", f"the header does not begin with {MAGIC!r}")
    if len(data) > MAX_HEADER_BYTES:
        raise WireError("oversized", f"a header of {len(data)} bytes; at most {MAX_HEADER_BYTES} are allowed")
    schema = _PREFIX.unpack_from(data)[1]
    if schema != SCHEMA:
        raise WireError("schema", f"schema {schema}, but this program speaks {SCHEMA}; update the older side")
    try:
        return _decoder.decode(data[_PREFIX.size :])
    except (*UNDECODABLE, OverflowError) as error:
        raise WireError("malformed", str(error)) from error
