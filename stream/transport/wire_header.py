"""The headers of the wire format: a magic, a schema number and a MessagePack map, with its keys as structs."""

from __future__ import annotations

import struct
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.messages import ChannelType, Trail

MAGIC = b"SNLU"
SCHEMA = 1
MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 1 << 30

Buffer = bytes | memoryview
Reason = Literal["foreign", "schema", "malformed", "truncated", "oversized", "gone"]
_PREFIX = struct.Struct("<4sH")
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
Shape = tuple[_Count, _Count, _Count]


class WireError(ValueError):
    """A message that was refused; `reason` is what the ledger counts."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason} message: {detail}")
        self.reason: Reason = reason


class _Header(msgspec.Struct, tag_field="kind"):
    pass


class StreamHeader(_Header, tag="stream"):
    acquisition: Acquisition
    session: _Count
    grid: ImageGrid | None = None
    frame_rate_hz: float | None = None
    dtype: ChannelType = "<i2"
    next_frame_id: _Count | None = None


class ChannelsHeader(_Header, tag="channels"):
    frame_id: _Count
    dtype: ChannelType
    shape: Shape
    first_tx: _Count = 0
    trail: Trail = msgspec.field(default_factory=Trail)


class ImageHeader(_Header, tag="image"):
    frame_id: _Count
    shape: Shape
    dynamic_range_db: float
    model: str = ""
    device: str = ""
    skipped: str = ""
    trail: Trail = msgspec.field(default_factory=Trail)
    backend: str = ""
    reason: str | UnsetType = UNSET


class EndHeader(_Header, tag="end"):
    frames: _Count


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
    except (msgspec.DecodeError, UnicodeDecodeError, OverflowError, RecursionError) as error:
        raise WireError("malformed", str(error)) from error
