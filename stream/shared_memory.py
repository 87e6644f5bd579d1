"""Payloads that two processes of one machine share instead of sending: a producer lends slots, a consumer borrows them.

The producer copies a payload into a slot of memory and sends where it is; the consumer looks at it there, and gives
the slot back when the last array that looks has gone. A slot is an anonymous file: it has no name that could be left
behind, and lives as long as a process has it mapped. So frames may be kept for as long as anyone likes, and whichever
process is killed takes only its own hold along.
"""

from __future__ import annotations

import mmap
import os
import secrets
import struct
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.credit import Parts
from sonolucent.stream.wire import Buffer, WireError

AVAILABLE = hasattr(os, "memfd_create")
# slot, process that lends it, its file descriptor there, bytes of the payload
_LOAN = struct.Struct("<QIIQ")
_SLOT = struct.Struct("<Q")


@dataclass(frozen=True)
class _Slot:
    number: int
    file: int
    memory: NDArray[np.uint8]


class Lender:
    """The producer's slots; there are as many as the consumer holds on to at a time, and a few."""

    def __init__(self) -> None:
        self._free: list[_Slot] = []
        self._lent: dict[int, _Slot] = {}

    def lend(self, parts: Parts) -> Parts:
        """The message with a loan in place of its payload; one without a payload stays as it is."""
        header, payload = parts
        n_bytes = memoryview(payload).nbytes
        if n_bytes == 0:
            return parts
        slot = next((slot for slot in self._free if slot.memory.size >= n_bytes), None)
        if slot is None:
            slot = _make_slot(n_bytes)
        else:
            self._free.remove(slot)
        # NumPy lets other threads run while it copies.
        np.copyto(slot.memory[:n_bytes], np.frombuffer(payload, np.uint8))
        self._lent[slot.number] = slot
        return header, _LOAN.pack(slot.number, os.getpid(), slot.file, n_bytes)

    def take_back(self, returned: bytes) -> bool:
        """Hears what `Borrower.returned` says; False when it is nothing of the kind. Unknown slots mean nothing."""
        if len(returned) % _SLOT.size:
            return False
        for (number,) in _SLOT.iter_unpack(returned):
            if number in self._lent:
                self._free.append(self._lent.pop(number))
        return True

    def forget(self) -> None:
        """Gives all memory up; what the consumer still looks at stays there for it."""
        for slot in (*self._free, *self._lent.values()):
            os.close(slot.file)
        self._free.clear()
        self._lent.clear()


class Borrower:
    """The consumer's view of a producer's slots; each is mapped once."""

    def __init__(self) -> None:
        self._lender = 0
        self._mapped: dict[int, mmap.mmap] = {}
        self._returned: list[int] = []

    def look(self, parts: Sequence[Buffer]) -> Sequence[Buffer]:
        """The message with the payload in place of its loan; the slot goes back when nothing looks at it any more.

        Raises:
            WireError: it is no loan, or the process that lent the slot has died before this one could map it.
        """
        if len(parts) != 2 or not memoryview(parts[1]).nbytes:
            return parts
        if len(parts[1]) != _LOAN.size:
            raise WireError("malformed", f"{len(parts[1])} bytes instead of a loan's {_LOAN.size}")
        number, lender, file, n_bytes = _LOAN.unpack(parts[1])
        if lender != self._lender:
            self._mapped.clear()
            self._lender = lender
        if number not in self._mapped:
            self._mapped[number] = _map_slot(number, lender, file)
        memory = self._mapped[number]
        if not 0 < n_bytes <= len(memory):
            raise WireError("malformed", f"a loan of {n_bytes} bytes in a slot of {len(memory)}")
        view = np.frombuffer(memory, np.uint8, n_bytes)
        weakref.finalize(view, self._returned.append, number).atexit = False
        return parts[0], view.data

    def returned(self) -> bytes:
        """The slots that the producer has not been told of yet that they were given back."""
        return b"".join(map(_SLOT.pack, self._returned[:]))

    def told(self, returned: bytes) -> None:
        """The producer was told of these."""
        del self._returned[: len(returned) // _SLOT.size]


def _make_slot(n_bytes: int) -> _Slot:
    number = secrets.randbits(64)
    file = os.memfd_create(_name(number))
    os.ftruncate(file, n_bytes)
    memory = mmap.mmap(file, n_bytes, mmap.MAP_SHARED | mmap.MAP_POPULATE)
    return _Slot(number, file, np.frombuffer(memory, np.uint8))


def _map_slot(number: int, lender: int, file: int) -> mmap.mmap:
    try:
        here = os.open(f"/proc/{lender}/fd/{file}", os.O_RDONLY)
    except OSError as error:
        raise WireError("gone", f"the memory of process {lender}: {error.strerror}") from error
    try:
        if _name(number) not in os.readlink(f"/proc/self/fd/{here}"):
            raise WireError("gone", f"process {lender} has another file where slot {number} was")
        return mmap.mmap(here, 0, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ)
    finally:
        os.close(here)


def _name(number: int) -> str:
    return f"sonolucent-{number:016x}"
