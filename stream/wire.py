"""The wire format: a message is [header][payload], specified byte by byte in docs/wire.md.

The header is a magic, a schema number and a MessagePack map; the payload is the bare array. Decoding copies nothing:
arrays are read-only views of the buffers that arrived.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.frames import Channels, ChannelType, End, Image, Message, Stream, Trail

MAGIC = b"SNLU"
SCHEMA = 1
MAX_HEADER_BYTES = 64 * 1024
MAX_PAYLOAD_BYTES = 1 << 30

Buffer = bytes | memoryview
Reason = Literal["foreign", "schema", "malformed", "truncated", "oversized"]
_PREFIX = struct.Struct("<4sH")
_Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_DTYPES: dict[np.dtype[Any], ChannelType] = {np.dtype("<i2"): "<i2", np.dtype("<f4"): "<f4"}
_Shape = tuple[_Count, _Count, _Count]


class WireError(ValueError):
    """A message that was refused; `reason` is what the ledger counts."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason} message: {detail}")
        self.reason: Reason = reason


class _Header(msgspec.Struct, tag_field="kind"):
    pass


class _StreamHeader(_Header, tag="stream"):
    acquisition: Acquisition
    session: _Count
    grid: ImageGrid | None = None
    frame_rate_hz: float | None = None
    dtype: ChannelType = "<i2"
    next_frame_id: _Count | None = None


class _ChannelsHeader(_Header, tag="channels"):
    frame_id: _Count
    dtype: ChannelType
    shape: _Shape
    first_tx: _Count = 0
    trail: Trail = msgspec.field(default_factory=Trail)


class _ImageHeader(_Header, tag="image"):
    frame_id: _Count
    shape: _Shape
    dynamic_range_db: float
    model: str = ""
    device: str = ""
    skipped: str = ""
    trail: Trail = msgspec.field(default_factory=Trail)
    backend: str = ""
    reason: str | UnsetType = UNSET


class _EndHeader(_Header, tag="end"):
    frames: _Count


_AnyHeader = _StreamHeader | _ChannelsHeader | _ImageHeader | _EndHeader

_decoder: msgspec.msgpack.Decoder[_AnyHeader] = msgspec.msgpack.Decoder(_AnyHeader)


def _plain(value: object) -> object:
    """NumPy's numbers as Python's, which MessagePack knows."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} has no place in a header")


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)


def encode(message: Message) -> tuple[bytes, Buffer]:
    """The two parts of a message: header, and payload (the array itself, not a copy; empty for `stream` and `end`).

    Raises:
        ValueError: channel data that are neither int16 nor float32.
    """
    match message:
        case Stream():
            header: _AnyHeader = _StreamHeader(**vars(message))
            return _pack(header), b""
        case Channels():
            return _encode_channels(message)
        case Image():
            return _encode_image(message)
        case End():
            return _pack(_EndHeader(message.frames)), b""


def decode(parts: Sequence[Buffer]) -> Message:
    """The message in two parts as they came off a socket.

    Raises:
        WireError: the message is foreign, malformed, truncated or oversized. No other error, whatever the bytes.
    """
    if len(parts) != 2:
        raise WireError("malformed", f"{len(parts)} parts instead of [header][payload]")
    header, payload = _unpack(memoryview(parts[0])), memoryview(parts[1])
    match header:
        case _StreamHeader():
            return _decode_stream(header, payload)
        case _ChannelsHeader():
            data = _array(payload, header.dtype, header.shape)
            return Channels(header.frame_id, data, header.first_tx, header.trail)
        case _ImageHeader():
            return _decode_image(header, payload)
        case _EndHeader():
            _require_empty(payload)
            return End(header.frames)


def _pack(header: _AnyHeader) -> bytes:
    return _PREFIX.pack(MAGIC, SCHEMA) + _encoder.encode(header)


def _unpack(data: memoryview) -> _AnyHeader:
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


def _encode_channels(message: Channels) -> tuple[bytes, Buffer]:
    dtype = _DTYPES.get(message.data.dtype)
    if dtype is None:
        raise ValueError(f"channel data must be int16 or float32, not {message.data.dtype}")
    header = _ChannelsHeader(message.frame_id, dtype, _shape(message.data), message.first_tx, message.trail)
    return _pack(header), np.ascontiguousarray(message.data).data


def _encode_image(message: Image) -> tuple[bytes, Buffer]:
    header = _ImageHeader(
        frame_id=message.frame_id,
        shape=_shape(message.layers),
        dynamic_range_db=message.dynamic_range_db,
        model=message.model,
        device=message.device,
        backend=message.backend,
        skipped=message.skipped,
        trail=message.trail,
        reason=message.reason or UNSET,
    )
    return _pack(header), np.ascontiguousarray(message.layers, dtype="<f4").data


def _decode_stream(header: _StreamHeader, payload: memoryview) -> Stream:
    _require_empty(payload)
    acquisition = header.acquisition
    _require_size(acquisition.shape, 4)
    if header.frame_rate_hz is not None and not 0 < header.frame_rate_hz < math.inf:
        raise WireError("malformed", f"frame_rate_hz must be positive, not {header.frame_rate_hz}")
    try:
        with np.errstate(all="ignore"):
            grid = header.grid or ImageGrid.for_acquisition(acquisition)
    except (ValueError, ArithmeticError) as error:
        raise WireError("malformed", f"no grid, and none fits the acquisition: {error}") from error
    _require_size(grid.shape, 4)
    try:
        return Stream(acquisition, grid, header.frame_rate_hz, header.dtype, header.session, header.next_frame_id)
    except ValueError as error:
        raise WireError("malformed", str(error)) from error


def _decode_image(header: _ImageHeader, payload: memoryview) -> Image:
    if header.shape[0] not in (1, 2):
        raise WireError("malformed", f"an image of {header.shape[0]} layers; 1 or 2 are allowed")
    if not 0 < header.dynamic_range_db < math.inf:
        raise WireError("malformed", f"dynamic_range_db must be positive, not {header.dynamic_range_db}")
    return Image(
        frame_id=header.frame_id,
        layers=_array(payload, "<f4", header.shape),
        dynamic_range_db=header.dynamic_range_db,
        model=header.model,
        device=header.device,
        backend=header.backend,
        skipped=header.skipped,
        trail=header.trail,
        reason=header.reason or "",
    )


def _array(payload: memoryview, dtype: str, shape: _Shape) -> NDArray[Any]:
    kind = np.dtype(dtype)
    expected = _require_size(shape, kind.itemsize)
    if payload.nbytes != expected:
        reason: Reason = "truncated" if payload.nbytes < expected else "oversized"
        raise WireError(reason, f"{payload.nbytes} bytes of payload; shape {shape} of {kind} needs {expected}")
    array = np.frombuffer(payload, kind).reshape(shape)
    array.flags.writeable = False
    return array


def _require_size(shape: tuple[int, ...], itemsize: int) -> int:
    n_bytes = math.prod(shape) * itemsize
    if n_bytes == 0:
        raise WireError("malformed", f"shape {shape} holds nothing")
    if n_bytes > MAX_PAYLOAD_BYTES:
        raise WireError("oversized", f"shape {shape} needs {n_bytes} bytes; at most {MAX_PAYLOAD_BYTES} are allowed")
    return n_bytes


def _require_empty(payload: memoryview) -> None:
    if payload.nbytes:
        raise WireError("malformed", f"{payload.nbytes} bytes of payload where none belongs")


def _shape(array: NDArray[Any]) -> _Shape:
    n, rows, columns = array.shape
    return n, rows, columns
