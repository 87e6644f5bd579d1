"""A stage's journal: what it has done so far, in a file without a name that outlives its process.

A stage writes it before its neighbours hear of what it did (before it passes a frame on, or asks for the next one): the
process that takes over from one that was killed goes on where that one was.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping

import msgspec

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.messages import Stream
from sonolucent.stream.transport.wire import decode, encode

_LENGTH = struct.Struct("<I")
# Where each part begins in the file. The last, the stream with the tables of its sequence, may be of any length.
_ENTRY, _RESTARTS, _STREAM = 0, 1 << 20, 2 << 20


class JournalEntry(msgspec.Struct, frozen=True):
    """Where a stage is.

    Args:
        report: what it would report if it ended now, with what the processes before it did.
        stream: its stream's description in the wire format, header and payload; None before it knows.
        next_frame_id: of a source: the first id that it has not used yet.
    """

    report: StageReport = msgspec.field(default_factory=lambda: StageReport({}))
    stream: tuple[bytes, bytes] | None = None
    next_frame_id: int = 0

    @property
    def described(self) -> Stream | None:
        """The stream, if the stage knew it."""
        message = decode(self.stream) if self.stream else None
        return message if isinstance(message, Stream) else None


class Journal:
    """Holds one entry, the newest, in the file of that descriptor; without one it forgets everything."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._description = b""

    def read(self) -> JournalEntry:
        """The newest entry; an empty one before the first."""
        if self._descriptor is None:
            return JournalEntry()
        entry, description = _read(self._descriptor, _ENTRY), _read(self._descriptor, _STREAM)
        if not entry:
            return JournalEntry()
        stream = msgspec.msgpack.decode(description, type=tuple[bytes, bytes]) if description else None
        return msgspec.structs.replace(msgspec.msgpack.decode(entry, type=JournalEntry), stream=stream)

    def describe(self, stream: Stream) -> None:
        """Keeps the stream's description for the entries to come; it is written with the first of them."""
        self._description = msgspec.msgpack.encode(encode(stream))

    def write(self, report: StageReport, next_frame_id: int = 0) -> None:
        """Replaces the entry."""
        if self._descriptor is not None:
            if self._description:
                _write(self._descriptor, _STREAM, self._description)
                self._description = b""
            _write(self._descriptor, _ENTRY, msgspec.msgpack.encode(JournalEntry(report, next_frame_id=next_frame_id)))

    def restarts(self) -> dict[str, int]:
        """How often each stage of the run was restarted, as the supervisor has noted beyond the entry."""
        noted = b"" if self._descriptor is None else _read(self._descriptor, _RESTARTS)
        return msgspec.msgpack.decode(noted, type=dict[str, int]) if noted else {}

    def note(self, restarts: Mapping[str, int]) -> None:
        """Lets the stage know of the restarts."""
        if self._descriptor is not None:
            _write(self._descriptor, _RESTARTS, msgspec.msgpack.encode(restarts))


def _read(descriptor: int, place: int) -> bytes:
    """What was written there; empty before that, also where the file has been written beyond."""
    length = os.pread(descriptor, _LENGTH.size, place)
    return os.pread(descriptor, _LENGTH.unpack(length)[0], place + _LENGTH.size) if length else b""


def _write(descriptor: int, place: int, data: bytes) -> None:
    os.pwrite(descriptor, _LENGTH.pack(len(data)) + data, place)
