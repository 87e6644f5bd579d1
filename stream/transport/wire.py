"""The wire format: a message is [header][payload], specified byte by byte in docs/wire.md.

The header is a magic, a schema number and a MessagePack map; the payload is the bare array. Decoding copies nothing:
arrays are read-only views of the buffers that arrived.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import MOST_PIXELS, ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.ledger import MOST
from sonolucent.stream.messages import Channels, End, Image, Message, Stream, Trail, channel_type
from sonolucent.stream.transport.wire_acquisition import decode_acquisition, encode_acquisition
from sonolucent.stream.transport.wire_array import read_array, require_empty, require_size
from sonolucent.stream.transport.wire_header import (
    Buffer,
    ChannelsHeader,
    EndHeader,
    ImageHeader,
    Shape,
    StreamHeader,
    WireError,
    pack,
    unpack,
)

__all__ = ["Buffer", "WireError", "decode", "encode"]


def encode(message: Message) -> tuple[bytes, Buffer]:
    """The two parts of a message: header, and payload (the array itself, not a copy).

    `end` has an empty payload, and so has `stream`, but for the tables of a transmit sequence.

    Raises:
        ValueError: channel data that are neither int16, float32 nor complex64.
    """
    match message:
        case Stream():
            return _encode_stream(message)
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
            data = read_array(payload, header.dtype, header.shape)
            _require_counts(header.trail)
            return Channels(header.frame_id, data, header.first_tx, header.trail, header.ahead or False)
        case ImageHeader():
            return _decode_image(header, payload)
        case EndHeader():
            require_empty(payload)
            return End(header.frames)


def _encode_stream(message: Stream) -> tuple[bytes, Buffer]:
    acquisition, payload = encode_acquisition(message.acquisition)
    told = vars(message) | {"acquisition": acquisition}
    header = StreamHeader(**told | _told_if(message, "imaging", "revision", "offered_grid"))
    return pack(header), payload


def _told_if(message: Stream | Image, *later: str) -> dict[str, Any]:
    """Keys that came later: told where they are not what a reader that does not know them takes them for."""
    plain = {field.name: field for field in dataclasses.fields(message)}
    told = {name: getattr(message, name) for name in later}
    return {name: UNSET if value == _default(plain[name]) else value for name, value in told.items()}


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _encode_channels(message: Channels) -> tuple[bytes, Buffer]:
    dtype = channel_type(message.data)
    ahead = message.ahead or UNSET
    header = ChannelsHeader(message.frame_id, dtype, _shape(message.data), message.first_tx, message.trail, ahead)
    samples = np.ascontiguousarray(message.data)
    # Memory views of complex numbers cannot be cast to bytes; pairs of real ones can.
    return pack(header), samples.view("<f4").data if dtype == "<c8" else samples.data


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
        **_told_if(message, "reason", "revision", "n_shots", "strength"),
    )
    return pack(header), np.ascontiguousarray(message.layers, dtype="<f4").data


def _decode_stream(header: StreamHeader, payload: memoryview) -> Stream:
    acquisition = decode_acquisition(header.acquisition, payload)
    require_size(acquisition.shape, max(4, np.dtype(header.dtype).itemsize))
    if header.frame_rate_hz is not None and not 0 < header.frame_rate_hz < math.inf:
        raise WireError("malformed", f"frame_rate_hz must be positive, not {header.frame_rate_hz}")
    try:
        with np.errstate(all="ignore"):
            grid = header.grid or ImageGrid.for_acquisition(acquisition)
    except (ValueError, ArithmeticError) as error:
        raise WireError("malformed", f"no grid, and none fits the acquisition: {error}") from error
    _require_pixels(grid, header.offered_grid)
    try:
        return Stream(
            acquisition,
            grid,
            header.frame_rate_hz,
            header.dtype,
            header.session,
            header.next_frame_id,
            header.imaging or ImagingSettings(),
            header.revision or 0,
            header.offered_grid or None,
        )
    except ValueError as error:
        raise WireError("malformed", str(error)) from error


def _require_pixels(*grids: ImageGrid | UnsetType) -> None:
    for grid in grids:
        if grid is not UNSET and math.prod(grid.shape) > MOST_PIXELS:
            n_z, n_x = grid.shape
            raise WireError("oversized", f"a grid of {n_z} x {n_x} pixels; at most {MOST_PIXELS} are allowed")


def _require_counts(trail: Trail) -> None:
    for edge, counts in trail.edges.items():
        if not all(0 <= n <= MOST for n in (counts.acquired, counts.delivered, *counts.dropped.values())):
            raise WireError("malformed", f"counts of {edge[:40]!r} must lie within 0..{MOST}, not {counts}")


def _decode_image(header: ImageHeader, payload: memoryview) -> Image:
    _require_counts(header.trail)
    if header.shape[0] not in (1, 2):
        raise WireError("malformed", f"an image of {header.shape[0]} layers; 1 or 2 are allowed")
    if not 0 < header.dynamic_range_db < math.inf:
        raise WireError("malformed", f"dynamic_range_db must be positive, not {header.dynamic_range_db}")
    return Image(
        frame_id=header.frame_id,
        layers=read_array(payload, "<f4", header.shape),
        dynamic_range_db=header.dynamic_range_db,
        model=header.model,
        device=header.device,
        backend=header.backend,
        skipped=header.skipped,
        trail=header.trail,
        reason=header.reason or "",
        revision=header.revision or 0,
        n_shots=header.n_shots or None,
        strength=1.0 if header.strength is UNSET else header.strength,
    )


def _shape(array: NDArray[Any]) -> Shape:
    n, rows, columns = array.shape
    return n, rows, columns
