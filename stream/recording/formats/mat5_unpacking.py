"""Unpacks what is compressed in a MATLAB 5 file, no further than it may."""

from __future__ import annotations

import zlib

from sonolucent.stream.recording.read_budget import charge, left

# More than the flags, the shape and the name of a variable take.
_NAME_BYTES = 1024


def first_unpacked(data: memoryview) -> memoryview:
    """The first bytes, with the name of a variable among them. Raises ValueError where they are damaged."""
    try:
        return memoryview(zlib.decompressobj().decompress(data, _NAME_BYTES))
    except zlib.error as error:
        raise ValueError(f"damaged: {error}") from error


def unpacked(data: memoryview, most_bytes: int) -> memoryview:
    """All of it.

    Raises:
        ValueError: it is cut off or damaged, or unpacks to more than `most_bytes`, or than its file may take.
    """
    most_bytes = min(most_bytes, left())
    machine = zlib.decompressobj()
    try:
        content = machine.decompress(data, most_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"damaged: {error}") from error
    if len(content) > most_bytes:
        raise ValueError(f"it unpacks to more than {most_bytes} bytes; save it without compression")
    if not machine.eof:
        raise ValueError("cut off within a variable")
    charge(len(content), "a variable unpacked")
    return memoryview(content)
