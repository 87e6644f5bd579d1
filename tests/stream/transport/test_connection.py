"""A connection that broke, whatever broke it, is made anew: nothing that answers at a port makes a run deaf."""

import threading
import time
from contextlib import closing, suppress
from threading import Event

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Channels, End, Frame, Stream
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.sources.source import NeverBegan
from sonolucent.stream.transport import liveness as module
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.greeting import greeting_of
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.wire import encode

from ...campaigns.raw_peers import (
    A_PART_THAT_DRIPS,
    MANNERS,
    PARTS_WITHOUT_END,
    drip,
    flood,
    hang_up,
    openings,
    raw_peer,
    stay,
)

RECOVERY_S = 5.0
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64())
FRAME = Channels(0, np.ones(STREAM.acquisition.shape, np.int16))


class Reader:
    """A run's end of a scanner's connection, on a thread."""

    def __init__(self, port: int) -> None:
        self.stop, self.came = Event(), Event()
        self.frames: list[Frame] = []
        self._port = port
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        with suppress(NeverBegan):
            for frame in scanner(Config(source=f"tcp://127.0.0.1:{self._port}"), self.stop, JournalEntry()).frames:
                self.frames.append(frame)
                self.came.set()

    def close(self) -> None:
        self.stop.set()
        self._thread.join()


def serve_a_frame(context: "zmq.Context[zmq.Socket[bytes]]", port: int, reader: Reader) -> float:
    """Serves like a good scanner until the reader has its frame; after how long it had."""
    begun_s = time.monotonic()
    with context.socket(zmq.PUSH) as host:
        host.setsockopt(zmq.LINGER, 5000)
        host.bind(f"tcp://127.0.0.1:{port}")
        for message in (STREAM, FRAME, End(1)):
            host.send_multipart(encode(message))
        assert reader.came.wait(20)
        return time.monotonic() - begun_s


OPENINGS = openings(b"PUSH")
CASES = [(name, manner) for name in OPENINGS for manner in MANNERS if name != "nothing" or manner != "trickles"]


@pytest.mark.parametrize(("name", "manner"), CASES, ids=[" ".join(case) for case in CASES])
def test_after_whatever_answered_the_run_hears_a_good_scanner(
    context: "zmq.Context[zmq.Socket[bytes]]", name: str, manner: str
) -> None:
    with raw_peer(OPENINGS[name], MANNERS[manner]) as peer:
        port = peer.port
        with closing(Reader(port)) as reader:
            assert peer.met.wait(20)
            peer.leave()
            # Connections that it keeps are there still.
            assert serve_a_frame(context, port, reader) < RECOVERY_S
    assert [frame.frame_id for frame in reader.frames] == [0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a signature, then random bytes", "it speaks"),
        ("a CURVE greeting", "it wants keys: give keys = FOLDER"),
        ("a PLAIN greeting", "it speaks PLAIN"),
        ("a greeting of another name", r"it speaks \x1b[2J"),
        ("another socket", "it is a socket of kind PUB, not PUSH"),
        ("a socket of no kind", "it is a socket of kind SCANNER, not PUSH"),
        ("an ERROR command", "it refuses: bad"),
        ("a part above the limit", "a part above 1 GiB"),
        ("a bad flag byte", "refused a malformed message"),
        ("an ssh banner", "an ssh server answers there"),
        ("an http answer", "a web server answers there"),
    ],
)
def test_what_answers_is_told_once(caplog: pytest.LogCaptureFixture, name: str, says: str) -> None:
    with raw_peer(OPENINGS[name], hang_up) as peer, closing(Reader(peer.port)):
        deadline = time.monotonic() + 20
        while not any(says in record.getMessage() for record in caplog.records):
            assert time.monotonic() < deadline, [record.getMessage() for record in caplog.records]
            time.sleep(0.05)
        time.sleep(1.5)  # of further attempts
    said = [record.getMessage() for record in caplog.records if says in record.getMessage()]
    assert len(said) == 1
    assert all(character.isprintable() for character in said[0])


@pytest.mark.parametrize("name", ["random bytes", "a CURVE greeting", "another socket", "a bad flag byte"])
def test_after_whatever_answered_a_stage_hears_its_producer(
    context: "zmq.Context[zmq.Socket[bytes]]", name: str
) -> None:
    abort, edge = Event(), Edge("a", "b")
    with raw_peer(openings(b"ROUTER")[name], stay) as peer:
        place = Place(f"tcp://127.0.0.1:{peer.port}")
        pull = SocketConsumer(edge, place, context, abort)
        while not peer.met.is_set():
            assert pull.pull(0.01) is None
        peer.leave()
        begun_s = time.monotonic()
        push = SocketProducer(edge, place, context, abort)
        push.push(STREAM)
        push.push(FRAME)
        assert pull.pull(20) == STREAM
        assert isinstance(pull.pull(20), Channels)
        assert time.monotonic() - begun_s < RECOVERY_S
        pull.close()
        push.close()


def test_a_message_of_parts_without_end_is_cut_off(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """libzmq would keep them all until its memory ends."""
    monkeypatch.setattr(module, "MAX_PAYLOAD_BYTES", 1 << 20)
    monkeypatch.setattr(module, "_BESIDE_PAYLOAD", 1 << 20)
    with raw_peer(PARTS_WITHOUT_END, flood) as peer, closing(Reader(port := peer.port)) as reader:
        assert peer.met.wait(20)
        peer.leave()
        assert serve_a_frame(context, port, reader) < RECOVERY_S
    assert [frame.frame_id for frame in reader.frames] == [0]
    assert sum("parts without end" in record.getMessage() for record in caplog.records) == 1


def test_who_drips_a_message_for_ever_does_not_keep_a_good_scanner_out(
    context: "zmq.Context[zmq.Socket[bytes]]",
) -> None:
    """It holds the connection, and has left its port to another."""
    with raw_peer(A_PART_THAT_DRIPS, drip) as peer, closing(Reader(port := peer.port)) as reader:
        time.sleep(0.5)
        peer.leave()
        assert serve_a_frame(context, port, reader) < 2 * RECOVERY_S
    assert [frame.frame_id for frame in reader.frames] == [0]


def test_a_look_at_a_port_takes_a_second_however_slowly_it_answers() -> None:
    with raw_peer((b"",), drip) as peer:
        begun_s = time.monotonic()
        assert greeting_of(f"tcp://127.0.0.1:{peer.port}").listens
        assert time.monotonic() - begun_s < 2


def test_frames_that_take_long_to_come_are_no_message_without_end(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is of one message, however many come between two looks, and whatever came before."""
    monkeypatch.setattr(module, "MAX_PAYLOAD_BYTES", FRAME.data.nbytes)
    monkeypatch.setattr(module, "_BESIDE_PAYLOAD", 2 * FRAME.data.nbytes)
    monkeypatch.setattr(module, "_LOOK_S", 0.0)
    monkeypatch.setattr(module.heartbeats, "SUSPECT_S", 60.0)
    with context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        monitor = host.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        with closing(Reader(port)) as reader:
            host.send_multipart(encode(STREAM))
            for frame_id in range(40):
                host.send_multipart(encode(Channels(frame_id, FRAME.data)))
                if frame_id % 10 == 0:
                    time.sleep(0.15)  # longer than the reader waits before it looks after its connection
            host.send_multipart(encode(End(40)))
            deadline = time.monotonic() + 20
            while len(reader.frames) < 40:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        assert monitor.poll(0)
        monitor.recv_multipart()
        assert not monitor.poll(0)
        host.disable_monitor()
        monitor.close()


def test_a_scanner_that_is_slow_or_pauses_is_left_alone(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    """It gives no sign of life, and is connected to anew at most once before its pauses are known; no frame is lost."""
    with context.socket(zmq.PUSH) as host:
        port = host.bind_to_random_port("tcp://127.0.0.1")
        monitor = host.get_monitor_socket(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        with closing(Reader(port)) as reader:
            host.send_multipart(encode(STREAM))
            for frame_id in range(3):
                time.sleep(5.5)
                host.send_multipart(encode(Channels(frame_id, FRAME.data)))
            host.send_multipart(encode(End(3)))
            deadline = time.monotonic() + 20
            while len(reader.frames) < 3:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        n_connections = 0
        while monitor.poll(0):
            monitor.recv_multipart()
            n_connections += 1
        host.disable_monitor()
        monitor.close()
    assert n_connections <= 2
    assert [frame.frame_id for frame in reader.frames] == [0, 1, 2]
