"""A stage's journal: what it has done so far, in a file without a name that outlives its process.

A stage writes it before its neighbours hear of what it did (a source before it passes a frame on, the others before
they ask for the next one): the process that takes over from one that was killed goes on where that one was.
"""

from __future__ import annotations

import os
import struct

import msgspec

from sonolucent.stream.frames import Stream
from sonolucent.stream.report import StageReport
from sonolucent.stream.wire import decode, encode

_LENGTH = struct.Struct("<I")
_LONGEST = 1 << 20


class Entry(msgspec.Struct, frozen=True):
    """Where a stage is.

    Args:
        report: what it would report if it ended now, with what the processes before it did.
        stream: the header of its stream's description in the wire format; empty before it knows.
        next_frame_id: of a source: the first id that it has not used yet.
    """

    report: StageReport = msgspec.field(default_factory=lambda: StageReport({}))
    stream: bytes = b""
    next_frame_id: int = 0

    @property
    def described(self) -> Stream | None:
        """The stream, if the stage knew it."""
        message = decode([self.stream, b""]) if self.stream else None
        return message if isinstance(message, Stream) else None


class Journal:
    """Holds one entry, the newest, in the file of that descriptor; without one it forgets everything."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._stream = b""

    def read(self) -> Entry:
        """The newest entry; an empty one before the first."""
        if self._descriptor is None:
            return Entry()
        data = os.pread(self._descriptor, _LONGEST, 0)
        if not data:
            return Entry()
        (length,) = _LENGTH.unpack_from(data)
        return msgspec.msgpack.decode(data[_LENGTH.size : _LENGTH.size + length], type=Entry)

    def describe(self, stream: Stream) -> None:
        """Keeps the stream's description for the entries to come."""
        self._stream = encode(stream)[0]

    def write(self, report: StageReport, next_frame_id: int = 0) -> None:
        """Replaces the entry."""
        if self._descriptor is not None:
            data = msgspec.msgpack.encode(Entry(report, self._stream, next_frame_id))
            os.pwrite(self._descriptor, _LENGTH.pack(len(data)) + data, 0)
