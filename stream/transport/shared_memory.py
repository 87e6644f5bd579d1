"""Payloads that two processes of one machine share instead of sending: a producer lends slots, a consumer borrows them.

The producer copies a payload into a slot of memory and sends where it is; the consumer looks at it there, and gives
the slot back when the last array that looks has gone. A slot is an anonymous file: it has no name that could be left
behind, and lives as long as a process has it mapped. So a frame stays readable whatever becomes of its producer, and
whichever process is killed takes only its own hold along.
"""

from __future__ import annotations

import logging
import mmap
import os
import secrets
import struct
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.wire import Buffer, WireError

AVAILABLE = hasattr(os, "memfd_create") and hasattr(mmap, "MAP_POPULATE")
# A slot costs each side a descriptor, of which a process has a thousand; images are quickly sent.
LEAST_BYTES = 1 << 22
# Two that were asked for, one in work, one on its way back.
_AT_HAND = 4
# slot, process that lends it, its descriptor there, bytes of the payload
_LOAN = struct.Struct("<QIIQ")
_SLOT = struct.Struct("<Q")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Slot:
    number: int
    descriptor: int
    capacity: int


class Lender:
    """The producer's slots: as many as the consumer holds on to, and a few at hand.

    Args:
        least_bytes: payloads smaller than this are sent.
    """

    def __init__(self, least_bytes: int) -> None:
        self._least_bytes = least_bytes
        self._free: list[_Slot] = []
        self._lent: dict[int, _Slot] = {}
        self._warned = False

    def lend(self, parts: Parts) -> Sequence[Buffer]:
        """The message with its payload lent: [header][][loan]; as it was where that is small, or memory is short."""
        header, payload = parts[0], memoryview(parts[1])
        if payload.nbytes < self._least_bytes:
            return parts
        try:
            slot = self._fill(payload)
        except OSError as error:
            if not self._warned:
                _log.warning("frames are sent, not lent: %s", error)
            self._warned = True
            return parts
        self._lent[slot.number] = slot
        return header, b"", _LOAN.pack(slot.number, os.getpid(), slot.descriptor, payload.nbytes)

    def take_back(self, returned: bytes) -> bool:
        """Hears what `Borrower.returned` says; False when it is nothing of the kind. Unknown slots mean nothing."""
        if len(returned) % _SLOT.size:
            return False
        for (number,) in _SLOT.iter_unpack(returned):
            slot = self._lent.pop(number, None)
            if slot is not None:
                self._keep(slot)
        return True

    def take_unsent(self, message: Sequence[Buffer]) -> None:
        """Takes the loan of a message back that was not sent, if it had one."""
        if len(message) == 3:
            number, *_ = _LOAN.unpack(message[2])
            self._keep(self._lent.pop(number))

    def forget(self) -> None:
        """Gives all memory up; what the consumer still looks at stays there for it."""
        for slot in (*self._free, *self._lent.values()):
            os.close(slot.descriptor)
        self._free.clear()
        self._lent.clear()

    def _fill(self, payload: memoryview) -> _Slot:
        """A slot that holds the payload, the one used last if it is large enough."""
        slot = self._free.pop() if self._free else None
        if slot is not None and slot.capacity < payload.nbytes:
            os.close(slot.descriptor)
            slot = None
        slot = slot or _make_slot(payload.nbytes)
        try:
            # A write lets other threads run, and fails where a store into mapped memory would kill the process.
            _write(slot.descriptor, payload.cast("B"))
        except OSError:
            os.close(slot.descriptor)
            raise
        return slot

    def _keep(self, slot: _Slot) -> None:
        if len(self._free) < _AT_HAND:
            self._free.append(slot)
        else:
            os.close(slot.descriptor)


class Borrower:
    """The consumer's view of a producer's slots. It keeps some mapped, which spares it the page faults."""

    def __init__(self) -> None:
        self._lender = 0
        self._mapped: dict[int, mmap.mmap] = {}
        self._to_return: list[int] = []

    def borrow(self, parts: Sequence[Buffer]) -> Sequence[Buffer]:
        """The message with its payload where it had a loan; the slot goes back when nothing looks at it any more.

        Raises:
            WireError: it is no loan, or ("gone") the process that lent the slot ended before this one could map it.
            EdgeError: this process may not look at the other's memory.
        """
        if len(parts) != 3:
            return parts
        if len(parts[2]) != _LOAN.size or len(parts[1]):
            raise WireError("malformed", f"{len(parts[2])} bytes instead of a loan's {_LOAN.size}, or a payload too")
        number, lender, descriptor, n_bytes = _LOAN.unpack(parts[2])
        try:
            view = self._view(number, lender, descriptor, n_bytes)
        except WireError:
            self._to_return.append(number)
            raise
        weakref.finalize(view, self._to_return.append, number).atexit = False
        return parts[0], view.data

    def returned(self) -> bytes:
        """The slots that nothing looks at any more, and that the producer has not heard of."""
        return b"".join(map(_SLOT.pack, self._to_return[:]))

    def acknowledge(self, returned: bytes) -> None:
        """The producer will hear of these."""
        del self._to_return[: len(returned) // _SLOT.size]

    def _view(self, number: int, lender: int, descriptor: int, n_bytes: int) -> NDArray[np.uint8]:
        if lender != self._lender:
            self._mapped.clear()
            self._lender = lender
        if number not in self._mapped:
            self._mapped[number] = _map_slot(number, lender, descriptor)
        memory = self._mapped[number]
        if len(self._mapped) > 2 * _AT_HAND:
            del self._mapped[next(iter(self._mapped))]
        if not 0 < n_bytes <= len(memory):
            raise WireError("malformed", f"a loan of {n_bytes} bytes in a slot of {len(memory)}")
        return np.frombuffer(memory, np.uint8, n_bytes)


def _make_slot(n_bytes: int) -> _Slot:
    number = secrets.randbits(64)
    return _Slot(number, os.memfd_create(_name(number)), n_bytes)


def _write(descriptor: int, payload: memoryview) -> None:
    n_written = 0
    while n_written < len(payload):
        n_written += os.pwrite(descriptor, payload[n_written:], n_written)


def _map_slot(number: int, lender: int, descriptor: int) -> mmap.mmap:
    opened = _open(lender, descriptor)
    try:
        if _name(number) not in os.readlink(f"/proc/self/fd/{opened}"):
            raise WireError("gone", f"process {lender} has another file where slot {number} was")
        return _map(opened)
    finally:
        os.close(opened)


def _open(lender: int, descriptor: int) -> int:
    try:
        return os.open(f"/proc/{lender}/fd/{descriptor}", os.O_RDONLY)
    except PermissionError as error:
        raise EdgeError(
            f"this process may not look at the memory of process {lender}; use the transport tcp or inproc"
        ) from error
    except (FileNotFoundError, ProcessLookupError) as error:
        raise WireError("gone", f"process {lender} has ended, and its memory with it") from error
    except OSError as error:
        raise WireError("malformed", f"the memory of process {lender}: {error.strerror}") from error


def _map(descriptor: int) -> mmap.mmap:
    try:
        return mmap.mmap(descriptor, 0, mmap.MAP_SHARED | mmap.MAP_POPULATE, mmap.PROT_READ)
    except (OSError, ValueError) as error:
        raise WireError("malformed", f"a slot that cannot be mapped: {error}") from error


def _name(number: int) -> str:
    return f"sonolucent-{number:016x}"
