"""Shared memory: frames last as long as somebody looks at them, and no longer."""

import contextlib
import errno
import gc
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.transport.shared_memory import AVAILABLE, Borrower, Lender
from sonolucent.stream.transport.wire import WireError

pytestmark = pytest.mark.skipif(not AVAILABLE, reason="no memfd_create on this system")

LOAN = struct.Struct("<QIIQ")
SIZE = 1 << 16


def payload(i: int) -> np.ndarray:
    return np.full(SIZE, i, np.uint8)


def cross(lender: Lender, borrower: Borrower, i: int) -> np.ndarray:
    """A payload on its way through a loan, as the consumer sees it."""
    header, view = borrower.borrow(lender.lend((b"header", payload(i).data)))
    assert header == b"header"
    return np.frombuffer(view, np.uint8)


def settle(lender: Lender, borrower: Borrower) -> None:
    returned = borrower.returned()
    assert lender.take_back(returned)
    borrower.acknowledge(returned)


def slots_open() -> int:
    gc.collect()
    files = {os.readlink(link) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()}
    return sum("sonolucent-" in file for file in files)


def test_what_is_kept_is_never_written_over() -> None:
    lender, borrower = Lender(1), Borrower()
    kept = []
    for i in range(12):
        kept.append(cross(lender, borrower, i)[5:])
        settle(lender, borrower)
    assert all((array == i).all() for i, array in enumerate(kept))
    assert not any(array.flags.writeable for array in kept)
    lender.forget()
    assert all((array == i).all() for i, array in enumerate(kept))


def test_what_is_dropped_is_used_again() -> None:
    before = slots_open()
    lender, borrower = Lender(1), Borrower()
    for i in range(50):
        array = cross(lender, borrower, i)
        assert (array == i).all()
        del array
        settle(lender, borrower)
        assert slots_open() == before + 1
    lender.forget()
    del borrower
    assert slots_open() == before


def test_a_slot_that_was_not_given_back_is_not_used_again() -> None:
    lender, borrower = Lender(1), Borrower()
    first = lender.lend((b"", payload(1).data))
    lender.lend((b"", payload(2).data))
    assert lender.take_back(b"")
    assert lender.take_back(struct.pack("<Q", 12345))
    lender.lend((b"", payload(3).data))
    assert bytes(borrower.borrow(first)[1]) == payload(1).tobytes()
    lender.forget()


def test_payloads_of_many_sizes_share_slots() -> None:
    lender, borrower = Lender(1), Borrower()
    before = slots_open()
    for size in (1000, 10, 999, 1000, 500):
        _, view = borrower.borrow(lender.lend((b"", bytes([size % 256]) * size)))
        assert bytes(view) == bytes([size % 256]) * size
        del view
        settle(lender, borrower)
    assert slots_open() == before + 1
    lender.forget()


def test_messages_without_a_payload_pass() -> None:
    assert Lender(1).lend((b"header", b"")) == (b"header", b"")
    assert list(Borrower().borrow([b"header", b""])) == [b"header", b""]


def test_what_a_dead_process_lent_is_kept_by_who_has_seen_it() -> None:
    script = (
        "import sys; from sonolucent.stream.transport.shared_memory import Lender; lender = Lender(1)\n"
        "for n in (7, 8): sys.stdout.write(lender.lend((b'', bytes([n]) * 4096))[2].hex() + '\\n')\n"
        "sys.stdout.flush(); sys.stdin.read()"
    )
    borrower = Borrower()
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        seen, unseen = (bytes.fromhex(process.stdout.readline().decode()) for _ in range(2))
        _, view = borrower.borrow([b"", b"", seen])
        process.kill()
    assert bytes(view) == b"\7" * 4096
    with pytest.raises(WireError, match="has ended, and its memory with it") as error:
        borrower.borrow([b"", b"", unseen])
    assert error.value.reason == "gone"


def test_another_file_of_the_lender_is_not_mapped(tmp_path: Path) -> None:
    with (tmp_path / "private").open("w+b") as file:
        file.write(b"secret" * 100)
        file.flush()
        with pytest.raises(WireError, match="another file"):
            Borrower().borrow([b"", b"", LOAN.pack(3, os.getpid(), file.fileno(), 600)])


def test_a_process_that_may_not_look_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    lender = Lender(1)
    message = lender.lend((b"", payload(1).data))
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(EdgeError, match="use the transport tcp or inproc"):
        Borrower().borrow(message)
    lender.forget()


def test_a_loan_of_more_than_the_slot_holds_is_refused() -> None:
    lender = Lender(1)
    _, _, loan = lender.lend((b"", payload(1).data))
    number, pid, file, n_bytes = LOAN.unpack(loan)
    for wrong in (0, n_bytes + 1, 1 << 63):
        with pytest.raises(WireError, match="a loan of"):
            Borrower().borrow([b"", b"", LOAN.pack(number, pid, file, wrong)])
    lender.forget()


def test_small_payloads_are_sent() -> None:
    lender = Lender(1000)
    assert lender.lend((b"header", b"x" * 999)) == (b"header", b"x" * 999)
    assert len(lender.lend((b"header", b"x" * 1000))) == 3
    lender.forget()


def test_where_no_memory_is_left_payloads_are_sent_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(name: str) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "memfd_create", refuse)
    lender = Lender(1)
    assert [lender.lend((b"", b"payload")) for _ in range(3)] == [(b"", b"payload")] * 3
    assert caplog.messages == ["frames are sent, not lent: [Errno 24] Too many open files"]


def test_memory_held_in_a_burst_is_given_up_after_it() -> None:
    before = slots_open()
    lender, borrower = Lender(1), Borrower()
    held = [cross(lender, borrower, i) for i in range(30)]
    assert slots_open() == before + 30
    held.clear()
    settle(lender, borrower)
    assert slots_open() <= before + 12
    for i in range(20):
        assert (cross(lender, borrower, i) == i).all()
        settle(lender, borrower)
    lender.forget()


def test_a_slot_that_could_not_be_looked_at_goes_back() -> None:
    lender, borrower = Lender(1), Borrower()
    header, empty, loan = lender.lend((b"", payload(1).data))
    number, pid, descriptor, n_bytes = LOAN.unpack(loan)
    with pytest.raises(WireError, match="a loan of"):
        borrower.borrow([header, empty, LOAN.pack(number, pid, descriptor, n_bytes + 1)])
    assert borrower.returned() == struct.pack("<Q", number)
    lender.forget()


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_nonsense_is_refused_or_passed_on(parts: list[bytes]) -> None:
    with contextlib.suppress(WireError):
        assert list(Borrower().borrow(parts)) == parts


@given(st.binary(max_size=40))
def test_nonsense_gives_nothing_back(returned: bytes) -> None:
    assert Lender(1).take_back(returned) == (len(returned) % 8 == 0)


def test_a_loan_that_was_not_sent_is_there_again() -> None:
    lender = Lender(1)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        lender.take_unsent(lender.lend((b"header", b"payload")))
    lender.take_unsent(lender.lend((b"header", b"")))  # nothing was lent
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    lender.forget()
