"""Connections that say nothing take no more than a few descriptors, and hold nobody else up for long."""

import contextlib
import os
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.error import URLError

import pytest

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.stream import Config, Stream
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.metrics import metrics_server
from sonolucent.stream.metrics.metrics_server import serving
from sonolucent.stream.metrics.status import Board
from sonolucent.stream.sinks import igtl_server
from sonolucent.stream.sinks.igtl import Igtl
from sonolucent.stream.viewer import page_door
from sonolucent.stream.viewer.page_server import PageServer
from sonolucent.stream.viewer.screen import Screen

CROWD, MOST = 60, 10
STREAM = Stream(Acquisition(), ImageGrid.sau64())


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (page_door, metrics_server):
        monkeypatch.setattr(module, "_MOST", MOST)
        monkeypatch.setattr(module, "_SILENT_S", 0.5)
    monkeypatch.setattr(igtl_server, "_MOST_CLIENTS", MOST)


@contextmanager
def crowd(port: int) -> Iterator[list[socket.socket]]:
    """Within, they have connected, and say nothing."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20)) for _ in range(CROWD)]


def require_few(crowd: list[socket.socket], n_before: int) -> None:
    """Soon all but a few were hung up on; what is open beyond that is the crowd's own."""
    deadline = time.monotonic() + 20
    while (n_held := len(os.listdir("/proc/self/fd")) - n_before - len(crowd)) > MOST + 2:
        assert time.monotonic() < deadline, f"{n_held} connections are held"
        time.sleep(0.05)


def until_answered(address: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def require_served_beside_a_crowd(port: int, address: str) -> None:
    until_answered(address)
    n_before = len(os.listdir("/proc/self/fd"))
    with crowd(port) as silent:
        require_few(silent, n_before)
        until_answered(address)


def test_the_page_is_served() -> None:
    server = PageServer(Config(view=True, port=0), Screen(load_budgets("cpu-25fps")))
    try:
        require_served_beside_a_crowd(int(server.address.split(":")[2].split("/")[0]), server.address)
    finally:
        server.close(None)


def test_a_page_that_is_open_stays_open() -> None:
    """Who has asked once may be silent: a browser that waits for frames is."""
    server = PageServer(Config(view=True, port=0), Screen(load_budgets("cpu-25fps")))
    port = int(server.address.split(":")[2].split("/")[0])
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as browser:
            browser.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert browser.recv(12) == b"HTTP/1.1 200"
            time.sleep(1.5)
            browser.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while browser.recv(1 << 16):
                    pass
                raise AssertionError("it was hung up on")
    finally:
        server.close(None)


def test_the_metrics_are_served() -> None:
    with serving(0, Board(Config(), dict).status) as port:
        require_served_beside_a_crowd(port, f"http://127.0.0.1:{port}/status.json")


def test_slicer_s_port_turns_away_whoever_is_too_many(caplog: pytest.LogCaptureFixture) -> None:
    sink = Igtl(0, STREAM)
    n_before = len(os.listdir("/proc/self/fd"))
    try:
        with crowd(sink.port) as silent:
            deadline = time.monotonic() + 20
            while caplog.text.count("read along already") < CROWD - MOST:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            require_few(silent, n_before)
    finally:
        sink.close({})
