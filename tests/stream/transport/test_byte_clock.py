"""How long nothing has come on a connection, how much has, and what becomes of one that was closed meanwhile."""

import errno
import os
import socket
import sys
import time

import pytest

from sonolucent.stream.transport.byte_clock import ByteClock

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")


@pytest.fixture
def ends() -> "tuple[socket.socket, socket.socket]":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    return near, far


def test_it_goes_on_while_nothing_comes(ends: "tuple[socket.socket, socket.socket]") -> None:
    near, far = ends
    with near, far:
        clock = ByteClock(near.fileno())
        time.sleep(0.3)
        assert clock.silent_s() >= 0.25
        far.sendall(b"a")
        near.recv(1)
        assert clock.silent_s() < 0.25


def test_bytes_that_wait_to_be_read_are_no_silence(ends: "tuple[socket.socket, socket.socket]") -> None:
    near, far = ends
    with near, far:
        clock = ByteClock(near.fileno())
        far.sendall(b"a")
        time.sleep(0.3)
        assert clock.silent_s() == 0.0


def test_it_counts_what_has_come(ends: "tuple[socket.socket, socket.socket]") -> None:
    near, far = ends
    with near, far:
        clock = ByteClock(near.fileno())
        assert clock.n_bytes() == 0
        far.sendall(bytes(3001))
        near.recv(3001, socket.MSG_WAITALL)
        assert clock.n_bytes() == 3001


def test_a_number_that_is_a_file_s_by_now_tells_nothing_and_leaves_nothing_open(
    ends: "tuple[socket.socket, socket.socket]",
) -> None:
    near, far = ends
    number = near.fileno()
    clock = ByteClock(number)
    near.close()
    with far, open(os.devnull, "rb") as other:
        os.dup2(other.fileno(), number)
        before = len(os.listdir("/proc/self/fd"))
        assert clock.silent_s() == 0.0
        ByteClock(number)
        assert len(os.listdir("/proc/self/fd")) == before
        os.close(number)
    assert clock.silent_s() == 0.0
    assert clock.n_bytes() == 0


def test_it_counts_and_cuts_off_where_all_descriptors_are_in_use(
    ends: "tuple[socket.socket, socket.socket]", monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(descriptor: int) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "dup", none_left)
    near, far = ends
    with near, far:
        clock = ByteClock(near.fileno())
        far.sendall(b"abc")
        assert near.recv(3, socket.MSG_WAITALL) == b"abc"
        assert clock.n_bytes() == 3
        clock.cut_off()
        assert far.recv(1) == b""
        os.fstat(near.fileno())  # it is left open
