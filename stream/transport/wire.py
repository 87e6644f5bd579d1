"""The wire format: a message is [header][payload], specified byte by byte in docs/wire.md.

The header is a magic, a schema number and a MessagePack map; the payload is the bare array. Decoding copies nothing:
arrays are read-only views of the buffers that arrived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.stream.messages import Channels, ChannelType, End, Image, Message, Stream
from sonolucent.stream.transport.wire_header import (
    MAX_PAYLOAD_BYTES,
    AnyHeader,
    Buffer,
    ChannelsHeader,
    EndHeader,
    ImageHeader,
    Reason,
    Shape,
    StreamHeader,
    WireError,
    pack,
    unpack,
)

__all__ = ["Buffer", "WireError", "decode", "encode"]

_DTYPES: dict[np.dtype[Any], ChannelType] = {np.dtype("<i2"): "<i2", np.dtype("<f4"): "<f4"}


def encode(message: Message) -> tuple[bytes, Buffer]:
    """The two parts of a message: header, and payload (the array itself, not a copy; empty for `stream` and `end`).

    Raises:
        ValueError: channel data that are neither int16 nor float32.
    """
    match message:
        case Stream():
            header: AnyHeader = StreamHeader(**vars(message))
            return pack(header), b""
        case Channels():
            return _encode_channels(message)
        case Image():
            return _encode_image(message)
        case End():
            return pack(EndHeader(message.frames)), b""


def decode(parts: Sequence[Buffer]) -> Message:
    """The message in two parts as they came off a socket.

    Raises:
        WireError: the message is foreign, malformed, truncated or oversized. No other error, whatever the bytes.
    """
    if len(parts) != 2:
        raise WireError("malformed", f"{len(parts)} parts instead of [header][payload]")
    header, payload = unpack(memoryview(parts[0])), memoryview(parts[1])
    match header:
        case StreamHeader():
            return _decode_stream(header, payload)
        case ChannelsHeader():
            data = _array(payload, header.dtype, header.shape)
            return Channels(header.frame_id, data, header.first_tx, header.trail)
        case ImageHeader():
            return _decode_image(header, payload)
        case EndHeader():
            _require_empty(payload)
            return End(header.frames)


def _encode_channels(message: Channels) -> tuple[bytes, Buffer]:
    dtype = _DTYPES.get(message.data.dtype)
    if dtype is None:
        raise ValueError(f"channel data must be int16 or float32, not {message.data.dtype}")
    header = ChannelsHeader(message.frame_id, dtype, _shape(message.data), message.first_tx, message.trail)
    return pack(header), np.ascontiguousarray(message.data).data


def _encode_image(message: Image) -> tuple[bytes, Buffer]:
    header = ImageHeader(
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
    return pack(header), np.ascontiguousarray(message.layers, dtype="<f4").data


def _decode_stream(header: StreamHeader, payload: memoryview) -> Stream:
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


def _decode_image(header: ImageHeader, payload: memoryview) -> Image:
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


def _array(payload: memoryview, dtype: str, shape: Shape) -> NDArray[Any]:
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


def _shape(array: NDArray[Any]) -> Shape:
    n, rows, columns = array.shape
    return n, rows, columns
