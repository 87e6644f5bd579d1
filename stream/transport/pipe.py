"""Messages through a pipe between a process and its child: two sizes, then header and payload of the wire format.

A message that is none of those of the wire, an order in JSON, has no payload.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from sonolucent.stream.transport.wire_header import Buffer

_SIZES = struct.Struct("<QQ")


def put(pipe: int, parts: Sequence[Buffer]) -> None:
    """Writes a message of two parts to a descriptor.

    Raises:
        BrokenPipeError: nobody reads.
    """
    views = [memoryview(part).cast("B") for part in parts]
    for view in (memoryview(_SIZES.pack(*(len(view) for view in views))), *views):
        while len(view):
            view = view[os.write(pipe, view) :]


def take(pipe: int) -> tuple[bytearray, bytearray] | None:
    """Reads a message of two parts from a descriptor; None where there are no more, or not a whole one."""
    sizes = _exactly(pipe, _SIZES.size)
    if sizes is None:
        return None
    header, payload = (_exactly(pipe, size) for size in _SIZES.unpack(sizes))
    return None if header is None or payload is None else (header, payload)


def _exactly(pipe: int, size: int) -> bytearray | None:
    data = bytearray(size)
    view = memoryview(data)
    while len(view):
        n = os.readv(pipe, [view])
        if n == 0:
            return None
        view = view[n:]
    return data
