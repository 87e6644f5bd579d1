"""Connections that say nothing take no more than a few descriptors, and hold nobody else up for long."""

import contextlib
import os
import resource
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.stream import Config, Stream, local_pages
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.metrics.metrics_server import serving
from sonolucent.stream.metrics.status import Board
from sonolucent.stream.sinks import igtl_server
from sonolucent.stream.sinks.igtl import Igtl
from sonolucent.stream.viewer import page_door, page_server
from sonolucent.stream.viewer.page_server import PageServer
from sonolucent.stream.viewer.screen import Screen
from sonolucent.stream.viewer_settings import ViewerSettings

from .viewer.test_page_access import certificate

CROWD, MOST = 60, 10
STREAM = Stream(Acquisition(), ImageGrid.sau64())


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (page_door, local_pages):
        monkeypatch.setattr(module, "_MOST", MOST)
        monkeypatch.setattr(module, "_SILENT_S", 0.5)
    monkeypatch.setattr(page_door, "_HANDSHAKE_S", 0.5)
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


def until_answered(address: str, trusted: ssl.SSLContext | None = None) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5, context=trusted) as answer:
                assert answer.status == 200
                return
        except (URLError, ConnectionError):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def require_served_beside_a_crowd(port: int, address: str, trusted: ssl.SSLContext | None = None) -> None:
    until_answered(address, trusted)
    n_before = len(os.listdir("/proc/self/fd"))
    with crowd(port) as silent:
        require_few(silent, n_before)
        until_answered(address, trusted)


@contextmanager
def a_page(**settings: str) -> Iterator[tuple[int, str]]:
    """Within, there is one; its port, and its address."""
    config = Config(view=True, port=0, viewer=ViewerSettings(**settings))
    server = PageServer(config, Screen(load_budgets("cpu-25fps")))
    try:
        yield int(server.address.split(":")[2].split("/")[0]), server.address
    finally:
        server.close(None)


def asking(port: int, path: str) -> socket.socket:
    """A connection that has asked for something and heard the beginning of the answer."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    assert connection.recv(9) == b"HTTP/1.1 "
    return connection


def until_hung_up(connection: socket.socket) -> None:
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(1 << 16):
            pass


def test_the_page_is_served() -> None:
    with a_page() as (port, address):
        require_served_beside_a_crowd(port, address)


def test_an_encrypted_page_is_served_and_who_never_shakes_hands_is_hung_up_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = certificate(tmp_path)
    trusted = ssl.create_default_context(cafile=files["certificate"])
    with a_page(token="controls-0123456789", **files) as (port, address):
        require_served_beside_a_crowd(port, address, trusted)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as silent:
            until_hung_up(silent)
    assert caplog.text == ""


def test_a_page_without_descriptors_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    with a_page() as (port, address):
        until_answered(address)
        descriptors = [os.open("/dev/null", os.O_RDONLY)]
        with socket.socket() as visitor, contextlib.ExitStack() as stack:
            visitor.settimeout(5)
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))) + 1, limits[1]))
            stack.callback(lambda: [os.close(descriptor) for descriptor in descriptors])
            with contextlib.suppress(OSError):
                while True:
                    descriptors.append(os.dup(descriptors[0]))
            visitor.connect(("127.0.0.1", port))
            time.sleep(1.0)
        until_answered(address)
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "the page cannot take connections for now"
    ]


def test_who_was_refused_keeps_no_place_at_the_page() -> None:
    with a_page(token="controls-0123456789") as (port, address), contextlib.ExitStack() as stack:
        for path in ("/", "/frames", "/trace", "/nothing") * MOST:
            until_hung_up(stack.enter_context(asking(port, path)))
        until_answered(address)


def test_who_asked_for_what_is_no_secret_keeps_no_place_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_server, "_IDLE_S", 0.5)
    with a_page(token="controls-0123456789") as (port, address), contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(asking(port, "/page/page.js")) for _ in range(MOST)]
        until_answered(address)
        for connection in crowd:
            until_hung_up(connection)


def test_a_page_that_is_open_stays_open() -> None:
    """Who has asked once may be silent: a browser that waits for frames is."""
    with a_page() as (port, _), asking(port, "/") as browser:
        time.sleep(1.5)
        browser.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while browser.recv(1 << 16):
                pass
            raise AssertionError("it was hung up on")


def test_the_metrics_are_served() -> None:
    with serving(0, Board(Config(), dict).status) as port:
        require_served_beside_a_crowd(port, f"http://127.0.0.1:{port}/status.json")


def test_metrics_keep_their_places_where_no_thread_could_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with serving(0, Board(Config(), dict).status) as port:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", no_thread)
            for _ in range(MOST + 1):
                with socket.create_connection(("127.0.0.1", port), timeout=20) as visitor:
                    until_hung_up(visitor)
        until_answered(f"http://127.0.0.1:{port}/status.json")


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
