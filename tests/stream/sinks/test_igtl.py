"""What 3D Slicer is sent, read by somebody else's OpenIGTLink client."""

import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pyigtl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.stream import Config, ConfigError, Image, JournalEntry, Stream, Trail
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.sinks.crc64 import crc64
from sonolucent.stream.sinks.igtl import EDGE, Igtl, open_sink
from sonolucent.stream.sinks.igtl_message import ENHANCED, PLAIN
from sonolucent.stream.sinks.igtl_server import IgtlServer

PIXELS = ImageGrid(x0_m=-6e-3, z0_m=2e-3, dx_m=0.3e-3, dz_m=0.1e-3, n_z=50, n_x=40)
STREAM = Stream(Acquisition(), PIXELS)
UTC_NS = 1_800_000_000_123_456_789


def image(frame_id: int, *, enhanced: bool = True) -> Image:
    """Dark, but for one pixel, which tells columns from rows; the enhanced one is 6 dB below the plain one."""
    bmode = np.full(PIXELS.shape, -60.0, np.float32)
    bmode[3, 30] = 0.0
    layers = np.stack([bmode, np.maximum(bmode - 6, -60)]) if enhanced else bmode[np.newaxis]
    trail = Trail(acquired_utc_ns=UTC_NS + frame_id * 1_000_000_000)
    return Image(frame_id, layers, 60.0, "m" if enhanced else "", trail=trail)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def sink() -> Iterator[Igtl]:
    opened = Igtl(0, STREAM)
    yield opened
    opened.close({})


@contextmanager
def slicer(sink: Igtl) -> Iterator[pyigtl.OpenIGTLinkClient]:
    """A client of pyigtl, which is known to the sink."""
    before = len(sink._server._clients)
    client = pyigtl.OpenIGTLinkClient("127.0.0.1", sink.port)
    until(lambda: len(sink._server._clients) > before)
    try:
        yield client
    finally:
        client.stop()


@given(st.binary(max_size=100))
def test_the_checksum_is_that_of_others(data: bytes) -> None:
    assert crc64(data) == pyigtl.messages.CRC64(data)


def test_images_have_their_size_place_time_and_name(sink: Igtl) -> None:
    with slicer(sink) as client:
        sink.write(image(1))
        plain, enhanced = client.wait_for_message(PLAIN, 20), client.wait_for_message(ENHANCED, 20)
    for message, level in ((plain, 255), (enhanced, round(255 * 54 / 60))):
        assert message.image.shape == (1, PIXELS.n_z, PIXELS.n_x)
        k, j, i = np.unravel_index(message.image.argmax(), message.image.shape)
        assert message.image.max() == pytest.approx(level, abs=1)
        assert message.world_coordinate_system == "ras"
        spacing_mm = np.linalg.norm(message.ijk_to_world_matrix[:3, :3], axis=0)
        assert spacing_mm == pytest.approx([0.3, 0.1, 1.0])
        right, anterior, superior = (message.ijk_to_world_matrix @ [i, j, k, 1])[:3]
        # In Slicer's axial view, x grows to the right of the screen and depth downwards.
        assert (-right, -anterior, superior) == pytest.approx((1e3 * PIXELS.x_m[30], 1e3 * PIXELS.z_m[3], 0), abs=1e-4)
        assert message.timestamp == pytest.approx(UTC_NS / 1e9 + 1, abs=1e-6)


def test_an_enhanced_image_of_before_is_blanked(sink: Igtl) -> None:
    with slicer(sink) as client:
        sink.write(image(1))
        assert client.wait_for_message(ENHANCED, 20).image.max() > 0
        sink.write(image(2, enhanced=False))
        blanked = client.wait_for_message(ENHANCED, 20)
        assert blanked.image.max() == 0
        assert blanked.timestamp == pytest.approx(UTC_NS / 1e9 + 2, abs=1e-6)


def test_new_settings_bring_new_pixels(sink: Igtl) -> None:
    finer = replace(PIXELS, dx_m=0.15e-3)
    with slicer(sink) as client:
        sink.begin(replace(STREAM, grid=finer, revision=1))
        sink.write(image(1))
        assert client.wait_for_message(PLAIN, 20).ijk_to_world_matrix[0, 0] == pytest.approx(-0.15)


def test_a_client_that_stops_reading_costs_nothing(sink: Igtl) -> None:
    big = replace(STREAM, grid=replace(PIXELS, n_z=1000, n_x=1000))
    sink.begin(big)
    layers = np.zeros((2, 1000, 1000), np.float32)
    with socket.create_connection(("127.0.0.1", sink.port)) as asleep, slicer(sink) as awake:
        until(lambda: len(sink._server._clients) == 2)
        longest_s = 0.0
        for i in range(40):
            begun = time.monotonic()
            sink.write(Image(i, layers, 60.0, "m", trail=Trail(acquired_utc_ns=UTC_NS + i * 1_000_000_000)))
            longest_s = max(longest_s, time.monotonic() - begun)
            assert awake.wait_for_message(PLAIN, 20).timestamp == pytest.approx(UTC_NS / 1e9 + i, abs=1e-3)
        assert longest_s < 1
        assert asleep.fileno() > 0
    until(lambda: sink.counts()[EDGE].dropped.get("overtaken", 0) > 0)
    assert sink.counts()[EDGE].acquired == 80


def test_frames_between_are_skipped_and_the_newest_comes(sink: Igtl) -> None:
    with slicer(sink) as client:
        for i in range(200):
            sink.write(image(i))
        last = UTC_NS / 1e9 + 199
        until(lambda: abs(getattr(client.wait_for_message(PLAIN, 20), "timestamp", 0) - last) < 1e-3)


def test_the_counts_add_up_whatever_clients_do() -> None:
    sink = Igtl(0, STREAM)
    with slicer(sink):
        for i in range(20):
            sink.write(image(i))
    for i in range(20, 40):
        sink.write(image(i))
        time.sleep(0.002)
    counts = sink.close({}).edges[EDGE]
    assert counts.acquired >= 20
    assert counts.acquired == counts.delivered + sum(counts.dropped.values())


@pytest.mark.parametrize(
    ("utc_ns", "shown_s"), [(-1, 0.0), (-(2**63), 0.0), (2**32 * 10**9, 2.0**32), (2**64 - 1, 2.0**32)]
)
def test_a_clock_beyond_the_header_s_becomes_its_first_or_last_time(sink: Igtl, utc_ns: int, shown_s: float) -> None:
    with slicer(sink) as client:
        sink.write(replace(image(1), trail=Trail(acquired_utc_ns=utc_ns)))
        message = client.wait_for_message(PLAIN, 20)
        assert message.timestamp == pytest.approx(shown_s, abs=1e-6)


def test_whatever_fails_gives_the_client_up_and_the_counts_add_up(caplog: pytest.LogCaptureFixture) -> None:
    def broken(stream: Stream, shown: Image, had_enhanced: bool) -> bytes:
        raise ValueError("no message of it")

    server = IgtlServer(0, broken)
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
            until(lambda: len(server._clients) == 1 and server._clients[0].alive)
            server.show((STREAM, image(1)))
            assert client.recv(1) == b""
    server.close()
    counts = server.counts()
    assert counts.balanced
    assert counts.dropped == {"could not be sent": 2}
    assert len(caplog.records) == 2


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"port {port} .*--igtl"):
            open_sink(Config(igtl=port), STREAM, JournalEntry())


def test_it_is_a_sink_that_only_takes_the_newest() -> None:
    stages = pipeline(Config(source="sim", igtl=0))
    assert [stage.opener for stage in stages.stages if stage.kind == "sink"] == ["igtl"]
    assert [edge.policy for edge in stages.edges if edge.consumer == "igtl"] == ["latest"]
    with pytest.raises(ValueError, match="for igtl there is igtl"):
        Config(sinks=("igtl",))


def test_who_comes_after_a_want_of_descriptors_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accepting fails while all are in use; that is no reason to listen no more."""
    accept, failed = socket.socket.accept, threading.Event()

    def once_without(listener: socket.socket) -> tuple[socket.socket, object]:
        if not failed.is_set():
            failed.set()
            raise OSError(errno.EMFILE, "Too many open files")
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", once_without)
    opened = Igtl(0, STREAM)
    try:
        with slicer(opened):
            assert failed.is_set()
    finally:
        opened.close({})
