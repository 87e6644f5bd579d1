"""The heaps in which an HDF5 file keeps its texts.

HDF5 2.0.0 goes through a heap from piece to piece, and stands still for ever at a free piece of size zero, which no
writer makes. Where a piece is said to be as large as a number can be, it counts past that, and comes to such a one.
Nothing in the program could then end it. Layout of a global heap: HDF5 file format specification, III.E.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

# With the version; HDF5 does not look at the three bytes after it.
_SIGNATURE = b"GCOL\x01"
_HEAD_BYTES = 16
# Sizes have four or eight bytes, padded to eight; no heap has four gigabytes.
_HEAP_SIZE, _PIECE = struct.Struct("<8xI4x"), struct.Struct("<H6xQ")
_FREE = 0
_LOOKED_AT_BYTES = 1 << 23
"""At either end of a file. Writers put texts before their data or behind them; to read all of a long recording for this
would take longer than to image it."""


def require_heaps_that_end(path: Path) -> None:
    """Refuses a file that HDF5 would read for ever.

    Raises:
        ValueError: a heap has a free piece of size zero, or a piece beyond its end; the message tells where.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        for begin in sorted({0, max(0, size - _LOOKED_AT_BYTES)}):
            file.seek(begin, os.SEEK_SET)
            data = file.read(_LOOKED_AT_BYTES)
            at = -1
            while (at := data.find(_SIGNATURE, at + 1)) >= 0:
                if not _ends(data, at):
                    where = f"the heap of texts at byte {begin + at}"
                    raise ValueError(f"{where} is damaged: a piece of it cannot be so large")


def _ends(heap: bytes, begin: int) -> bool:
    """Whether going from piece to piece comes to the end of the heap that begins there, as far as it can be seen."""
    if begin + _HEAD_BYTES > len(heap):
        return True
    end = begin + _HEAP_SIZE.unpack_from(heap, begin)[0]
    at = begin + _HEAD_BYTES
    while at + _PIECE.size <= min(end, len(heap)):
        index, size = _PIECE.unpack_from(heap, at)
        if index == _FREE and size == 0:
            return False
        # The size of a free piece is all of it, that of another what comes after its head, in eights.
        at += size if index == _FREE else _PIECE.size + (size + 7) // 8 * 8
        if at > end:
            return False
    return True
