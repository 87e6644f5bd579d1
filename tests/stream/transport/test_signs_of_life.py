"""A connection over which nothing passes is noticed; one whose other end is only stopped, slow or unread is kept."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.sources.scanner import open_source as scanner
from sonolucent.stream.sources.source import Source
from sonolucent.stream.transport import liveness
from sonolucent.stream.transport.connection import Connection
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.sockets import bind
from sonolucent.stream.transport.wire import encode

from ...campaigns.cable import SPOILINGS, Cable
from ...campaigns.raw_peers import Opening, free_port, joined, raw_peer, reset, stay

RECOVERY_S = 5.0
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64(), 20.0, next_frame_id=0)
SAMPLES = np.ones(STREAM.acquisition.shape, np.int16)
CLIENT = Path(__file__).parents[3] / "examples" / "scanner_client.py"


class LiveScanner:
    """Sends a frame every 50 ms to whoever is there, from an id on; it describes the stream before every second one.

    Not before each: of two connections, one of them dead, the dead one could be dealt all the frames.
    """

    def __init__(self, port: int, first_id: int) -> None:
        self._first_id, self._over, self._context = first_id, Event(), zmq.Context()
        self._socket = self._context.socket(zmq.PUSH)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 4)
        bind(self._socket, f"tcp://127.0.0.1:{port or '*'}", "", None)
        self.port = int(self._socket.getsockopt_string(zmq.LAST_ENDPOINT).rpartition(":")[2])
        self._thread = threading.Thread(target=self._send)
        self._thread.start()

    def _send(self) -> None:
        frame_id = self._first_id
        while not self._over.wait(0.05):
            messages = (Channels(frame_id, SAMPLES),) if frame_id % 2 else (STREAM, Channels(frame_id, SAMPLES))
            for message in messages:
                if self._socket.poll(0, zmq.POLLOUT):
                    self._socket.send_multipart(encode(message), zmq.DONTWAIT)
            frame_id += 1

    def close(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
        self._context.term()


class LiveReader:
    """Takes frames on a thread, and notes when."""

    def __init__(self, port: int) -> None:
        self.stop = Event()
        self.came: list[tuple[int, float]] = []
        self.source: Source | None = None
        self._thread = threading.Thread(target=self._read, args=(port,))
        self._thread.start()

    def _read(self, port: int) -> None:
        self.source = scanner(Config(source=f"tcp://127.0.0.1:{port}"), self.stop, JournalEntry())
        for frame in self.source.frames:
            self.came.append((frame.frame_id, time.monotonic()))

    def first_from(self, frame_id: int) -> float:
        """When the first frame came whose id is that or later."""
        deadline = time.monotonic() + 30
        while not any(i >= frame_id for i, _ in self.came):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return next(at for i, at in self.came if i >= frame_id)

    def close(self) -> None:
        self.stop.set()
        self._thread.join()


@contextmanager
def staged(context: "zmq.Context[zmq.Socket[bytes]]", port: int, period_s: float) -> Iterator[SocketProducer]:
    """A stage at a port that passes a frame on so often."""
    push, over = (
        SocketProducer(Edge("a", "b", "drop_oldest"), Place(f"tcp://127.0.0.1:{port}"), context, Event()),
        Event(),
    )

    def pass_on() -> None:
        push.push(STREAM)
        frame_id = 0
        while not over.wait(period_s):
            push.push(Channels(frame_id, SAMPLES))
            frame_id += 1

    thread = threading.Thread(target=pass_on)
    thread.start()
    try:
        yield push
    finally:
        over.set()
        thread.join()
        push.close(0)


@pytest.mark.parametrize("name", SPOILINGS)
def test_bytes_that_are_lost_late_twice_or_misplaced_make_no_stage_deaf(
    context: "zmq.Context[zmq.Socket[bytes]]", name: str
) -> None:
    """A message whose bytes are missing never ends, and the answers to heartbeats are taken for them."""
    port, abort = free_port(), Event()
    with closing(Cable(port)) as cable, staged(context, port, 0.02):
        pull = SocketConsumer(Edge("a", "b", "drop_oldest"), Place(f"tcp://127.0.0.1:{cable.port}"), context, abort)
        while not isinstance(pull.pull(20), Channels):
            pass
        cable.spoiling = SPOILINGS[name]
        until = time.monotonic() + 1
        while time.monotonic() < until:
            pull.pull(0.05)
        cable.spoiling = None
        begun_s = time.monotonic()
        came = 0
        while came < 20:
            came += isinstance(pull.pull(20), Channels)
            assert time.monotonic() - begun_s < RECOVERY_S
        pull.close()


def test_a_stage_with_nothing_to_pass_on_keeps_its_connection(
    context: "zmq.Context[zmq.Socket[bytes]]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked now and then, and its answers are no news."""
    for name, seconds in (("_LOOK_S", 0.05), ("_INQUIRE_S", 0.05), ("_ANSWER_S", 0.5), ("_PATIENCE_MAX_S", 0.1)):
        monkeypatch.setattr(liveness, name, seconds)
    port = free_port()
    with staged(context, port, 60), closing(Cable(port)) as cable:
        pull = SocketConsumer(Edge("a", "b"), Place(f"tcp://127.0.0.1:{cable.port}"), context, Event())
        assert pull.pull(20) == STREAM
        until = time.monotonic() + 2
        while time.monotonic() < until:
            assert pull.pull(0.05) is None
        assert cable.n_connections == 1
        pull.close()


@pytest.mark.parametrize("out_s", [1.0, 4.0])
@pytest.mark.parametrize("restarted", [True, False], ids=["restarted", "goes on"])
def test_a_pulled_cable_is_noticed(out_s: float, restarted: bool) -> None:
    first = LiveScanner(0, 0)
    with closing(Cable(first.port)) as cable, closing(LiveReader(cable.port)) as reader:
        reader.first_from(3)
        cable.pull()
        if restarted:
            first.close()
        time.sleep(out_s)
        second = LiveScanner(first.port, 1000) if restarted else first
        cable.plug_in()
        back_s = time.monotonic()
        next_id = 1000 if restarted else reader.came[-1][0] + 1
        assert reader.first_from(next_id) - back_s < RECOVERY_S
        second.close()
        reader.close()
        ids = [frame_id for frame_id, _ in reader.came]
        assert reader.source is not None
        # Every frame up to the last one came or is counted.
        assert ids == sorted(set(ids))
        assert len(ids) + reader.source.losses.counts().acquired == ids[-1] + 1


def test_between_stages_a_pulled_cable_is_noticed(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    abort, edge = Event(), Edge("a", "b", "drop_oldest")
    port = free_port()
    push = SocketProducer(edge, Place(f"tcp://127.0.0.1:{port}"), context, abort)
    with closing(Cable(port)) as cable:
        pull = SocketConsumer(edge, Place(f"tcp://127.0.0.1:{cable.port}"), context, abort)
        push.push(STREAM)
        push.push(Channels(0, SAMPLES))
        assert pull.pull(20) == STREAM
        assert isinstance(pull.pull(20), Channels)
        cable.pull()
        for _ in range(20):
            assert pull.pull(0.1) is None
        cable.plug_in()
        back_s = time.monotonic()
        for frame_id in range(1, 300):
            push.push(Channels(frame_id, SAMPLES))
            if isinstance(pull.pull(0.1), Channels):
                break
        assert time.monotonic() - back_s < RECOVERY_S
        pull.close()
        assert push.close().balanced


def test_a_scanner_that_is_stopped_for_a_while_loses_nothing() -> None:
    port = free_port()
    with subprocess.Popen([sys.executable, CLIENT, f"tcp://127.0.0.1:{port}", "1000"]) as box:
        try:
            with closing(LiveReader(port)) as reader:
                reader.first_from(20)
                os.kill(box.pid, signal.SIGSTOP)
                time.sleep(5)
                os.kill(box.pid, signal.SIGCONT)
                reader.first_from(reader.came[-1][0] + 20)
                assert reader.source is not None
                assert reader.source.losses.counts().dropped == {}
        finally:
            box.kill()


def test_a_reader_that_pauses_loses_nothing_of_what_waits_for_it(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    """libzmq's own limit for a sign of life would cut it off: the answers stand behind what it does not read."""
    n_messages = 40
    with context.socket(zmq.PUSH) as host:
        bind(host, "tcp://127.0.0.1:*", "", None)
        endpoint = host.getsockopt_string(zmq.LAST_ENDPOINT)
        sender = threading.Thread(target=lambda: [host.send(bytes(1_000_000)) for _ in range(n_messages)])
        sender.start()
        connection = Connection(context, zmq.PULL, endpoint, None, {zmq.RCVHWM: 2})
        assert connection.socket.poll(20_000)
        time.sleep(9)
        n_read, deadline = 0, time.monotonic() + 30
        while n_read < n_messages and time.monotonic() < deadline:
            if connection.socket.poll(100):
                connection.came()
                connection.socket.recv()
                n_read += 1
            else:
                connection.tend()
        sender.join()
        connection.socket.close(linger=0)
    assert n_read == n_messages


@pytest.mark.parametrize("kind", [zmq.PULL, zmq.DEALER], ids=["from a scanner", "between stages"])
def test_who_is_behind_survives_that_the_other_end_breaks_off(
    context: "zmq.Context[zmq.Socket[bytes]]", kind: int
) -> None:
    """libzmq 4.3.5 ends the whole program where a PING is due on a connection that was reset with messages waiting."""
    message = b"\x00\x01m"
    opening = (joined(b"PUSH" if kind == zmq.PULL else b"ROUTER"), 5000 * message)
    with raw_peer(opening, reset_in_a_moment) as peer:
        connection = Connection(context, kind, f"tcp://127.0.0.1:{peer.port}", None, {zmq.RCVHWM: 2})
        assert peer.met.wait(20)
        time.sleep(2.5)
        assert connection.socket.poll(5000)
        assert connection.socket.recv() == b"m"
        connection.socket.close(linger=0)


def reset_in_a_moment(peer: socket.socket, opening: Opening) -> None:
    stay(peer, opening)
    time.sleep(0.5)
    reset(peer, ())
