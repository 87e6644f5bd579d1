"""Frames that the page sends back, as it received them: of its cine loop, to be kept as a clip."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
import numpy as np

from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ViewerError
from sonolucent.stream.ledger import Count
from sonolucent.stream.messages import Image, Trail

_LENGTH = struct.Struct("<I")
Seconds = Annotated[float, msgspec.Meta(ge=-9.2e9, le=9.2e9)]
"""Of which the nanoseconds are a `Count` too."""


class SentFrame(msgspec.Struct, frozen=True):
    """What is read of a frame's header; the rest of it is for the page."""

    frame_id: Count
    layers: Literal[1, 2]
    bits: Literal[8, 16]
    range_db: float
    model: str = ""
    device: str = ""
    backend: str = ""
    reason: str = ""
    skipped: str = ""
    revision: Count = 0
    strength: float = 1.0
    acquired_utc_ns: str = "0"
    time_s: Seconds = 0.0


def read_frames(body: bytes | bytearray, shape: tuple[int, int]) -> Iterator[Image]:
    """The images, in dB again, of messages that lie one behind the other, each after its length (uint32).

    Args:
        shape: (n_z, n_x) of the images.

    Raises:
        ViewerError: a message is cut off, none, or of other pixels; the sentence says which.
    """
    rest, number = memoryview(body), 0
    while rest:
        message, rest = _cut(rest, number)
        yield _image(message, shape, number)
        number += 1


def _cut(data: memoryview, number: int) -> tuple[memoryview, memoryview]:
    """What comes after its length, and what comes after that."""
    end = _LENGTH.size + (_LENGTH.unpack_from(data)[0] if len(data) >= _LENGTH.size else 0)
    if end > len(data) or len(data) < _LENGTH.size:
        raise ViewerError(f"frame {number} of the clip is cut off")
    return data[_LENGTH.size : end], data[end:]


def _image(message: memoryview, shape: tuple[int, int], number: int) -> Image:
    text, pixels = _cut(message, number)
    try:
        header = msgspec.json.decode(text, type=SentFrame)
        trail = Trail(round(header.time_s * 1e9), msgspec.convert(header.acquired_utc_ns, Count, strict=False))
    except (*UNDECODABLE, ValueError, OverflowError) as error:
        raise ViewerError(f"frame {number} of the clip is none: {error}") from error
    size = header.layers * shape[0] * shape[1]
    if len(pixels) != size * header.bits // 8 or not 0 < header.range_db < 1000:
        raise ViewerError(
            f"frame {number} of the clip is not of the {shape[0]} x {shape[1]} pixels that are shown now; "
            "make clips of frames since the last change of depth, width or pixels"
        )
    levels = np.frombuffer(pixels, f"<u{header.bits // 8}", size)
    layers = levels.reshape(header.layers, *shape) * np.float32(header.range_db / (2**header.bits - 1))
    return Image(
        header.frame_id,
        layers - np.float32(header.range_db),
        header.range_db,
        header.model,
        header.device,
        header.skipped,
        trail,
        header.backend,
        header.reason,
        header.revision,
        strength=header.strength,
    )
