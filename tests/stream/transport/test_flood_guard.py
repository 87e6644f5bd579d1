"""Whoever sends an end that binds a message without end is cut off before it fills the memory; others go on."""

import logging
import socket as sockets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.config import Config
from sonolucent.stream.control.hub import ControlHub
from sonolucent.stream.messages import Channels, Message, Stream
from sonolucent.stream.scanner_box.push_socket import PushSocket
from sonolucent.stream.transport import flood_guard
from sonolucent.stream.transport.curve import Keys, make_keys
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.flood_guard import GUARD_EVENTS, FloodGuard
from sonolucent.stream.transport.monitored_socket import MonitoredSocket, monitored
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.wire import encode

from ...campaigns.raw_peers import flooded, free_port, joined

Context = zmq.Context[zmq.Socket[bytes]]
MOST_BYTES = 1 << 29
"""What may be taken before a flood is cut off: a tenth of a second of it, and what the kernel keeps."""
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid.sau64(), 20.0, next_frame_id=0)
SAMPLES = np.ones(STREAM.acquisition.shape, np.int16)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Within, it is done again and again, every hundredth of a second."""
    over = Event()

    def go_on() -> None:
        while not over.wait(0.01):
            act()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def received(guard: FloodGuard, socket: MonitoredSocket) -> list[bytes]:
    assert socket.poll(20_000)
    message = guard.receive()
    assert message is not None
    return message


def port_of(endpoint: str) -> int:
    return int(endpoint.rpartition(":")[2])


def test_a_stage_that_sends_serves_its_reader_during_and_after(
    context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    place, edge = Place(f"tcp://127.0.0.1:{port}"), Edge("a", "b", "drop_oldest")
    push = SocketProducer(edge, place, context, Event())
    pull = SocketConsumer(edge, place, context, Event())
    push.push(STREAM)
    assert pull.pull(20) == STREAM
    ids = iter(range(10**6))
    came: list[Message | None] = []

    def pass_on() -> None:
        push.push(Channels(next(ids), SAMPLES))
        came.append(pull.pull(20))

    with meanwhile(pass_on):
        for _ in range(3):
            flooded(port, b"DEALER", most=MOST_BYTES)
    assert len(came) > 10
    assert all(isinstance(message, Channels) for message in came)
    pull.close()
    assert push.close().balanced
    assert sum("message without end" in record.getMessage() for record in caplog.records) == 1


def test_a_scanner_sends_its_reader_frames_all_the_same(context: Context) -> None:
    scanner = PushSocket(context, "tcp://127.0.0.1:*", 4, Event())
    with context.socket(zmq.PULL) as reader:
        reader.connect(scanner.endpoint)
        assert scanner.wait()
        with meanwhile(lambda: scanner.send(encode(STREAM))), meanwhile(lambda: reader.poll(0) and reader.recv()):
            flooded(port_of(scanner.endpoint), b"PULL", most=MOST_BYTES)
        reader.close(linger=0)
    scanner._socket.close(linger=0)


def test_the_control_channel_is_free_again(context: Context) -> None:
    hub = ControlHub(Config(transforms=("beamform",), control=0, headless=True), context)
    assert hub.port is not None
    thread = threading.Thread(target=hub.serve)
    thread.start()
    try:
        flooded(hub.port, b"REQ", most=MOST_BYTES)
    finally:
        hub.ended.set()
        thread.join()


def test_whoever_is_read_may_send_for_ever(context: Context, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    largest, n_messages = 1000, 20_000
    socket = monitored(context, zmq.PULL, GUARD_EVENTS)
    guard = FloodGuard(socket, largest)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    with socket, context.socket(zmq.PUSH) as sender:
        sender.connect(f"tcp://127.0.0.1:{port}")
        thread = threading.Thread(target=lambda: [sender.send(bytes(largest)) for _ in range(n_messages)])
        thread.start()
        for _ in range(n_messages):
            guard.tend()
            assert received(guard, socket) == [bytes(largest)]
        thread.join()
    assert not caplog.records


class FastClock:
    """Of a connection on which 100 kB come between any two looks."""

    def __init__(self, descriptor: int) -> None:
        self.came, self.was_cut_off = 0, False

    def n_bytes(self) -> int:
        self.came += 100_000
        return self.came

    def cut_off(self) -> None:
        self.was_cut_off = True


def test_who_has_just_come_is_not_cut_off_before_anyone_could_read(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FastClock(0)
    monkeypatch.setattr(flood_guard, "ByteClock", lambda descriptor: clock)
    with monitored(context, zmq.PULL, GUARD_EVENTS) as socket:
        socket.bind("tcp://127.0.0.1:*")
        guard = FloodGuard(socket, 1000)
        guard.hear(zmq.EVENT_ACCEPTED, 77)
        guard.look()
        assert not clock.was_cut_off
        time.sleep(0.11)
        guard.look()
    assert clock.was_cut_off


def test_many_signs_of_life_are_no_flood(context: Context) -> None:
    largest = 100
    socket = monitored(context, zmq.DEALER, GUARD_EVENTS)
    guard = FloodGuard(socket, largest)
    port = socket.bind_to_random_port("tcp://127.0.0.1")
    with socket, context.socket(zmq.DEALER) as peer, peer.get_monitor_socket(zmq.EVENT_DISCONNECTED) as ended:
        peer.setsockopt(zmq.HEARTBEAT_IVL, 20)
        peer.connect(f"tcp://127.0.0.1:{port}")
        n_bytes, until = 0, time.monotonic() + 4
        while time.monotonic() < until:
            guard.tend()
            n_bytes = max([n_bytes, *(peer.clock.n_bytes() for peer in guard._peers.values())])
            time.sleep(0.02)
        peer.disable_monitor()
        assert n_bytes > 10 * largest
        assert not ended.poll(0)


def test_what_comes_behind_a_message_that_is_read_is_not_forgotten(context: Context) -> None:
    n_peers, parts = 60, 50_000 * b"\1\0"
    port = free_port()
    push = SocketProducer(Edge("a", "b"), Place(f"tcp://127.0.0.1:{port}"), context, Event())
    with ExitStack() as crowd:
        peers = list[sockets.socket]()
        for _ in range(n_peers):
            peers.append(crowd.enter_context(sockets.create_connection(("127.0.0.1", port))))
            peers[-1].sendall(joined(b"DEALER"))
            time.sleep(0.2)
            with suppress(ConnectionError):
                peers[-1].sendall(b"\0\1?" + parts)
        time.sleep(1)
        assert 0 < sum(not has_ended(peer) for peer in peers) * len(parts) < 2.5e6
    push.close(0.0)


def has_ended(connection: sockets.socket) -> bool:
    """Whether the other end has ended it, once all that it said is read."""
    connection.setblocking(False)
    try:
        while connection.recv(4096):
            pass
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
    return True


@pytest.mark.parametrize("with_keys", [False, True])
@pytest.mark.parametrize(("asks", "answers"), [(zmq.PUSH, zmq.PULL), (zmq.DEALER, zmq.ROUTER), (zmq.REQ, zmq.REP)])
def test_what_was_read_is_known_to_the_byte(
    context: Context, tmp_path: Path, asks: int, answers: int, with_keys: bool
) -> None:
    make_keys(tmp_path)
    keys = Keys(tmp_path)
    with monitored(context, answers, GUARD_EVENTS) as socket, context.socket(asks) as peer:
        guard = FloodGuard(socket, 100_000)
        if with_keys:
            socket.curve_server, socket.curve_secretkey = True, keys._read("server.secret")
            keys.secure_sender(peer)
        port = socket.bind_to_random_port("tcp://127.0.0.1")
        peer.connect(f"tcp://127.0.0.1:{port}")
        left = []
        for size in [1, 250, 300, 70_000] * 25:
            peer.send(bytes(size))
            guard.tend()
            assert len(received(guard, socket)[-1]) == size
            if asks == zmq.REQ:
                socket.send(b"")
                peer.recv()
            (known,) = guard._peers.values()
            left.append(known.clock.n_bytes() - known.n_bytes - known.n_read)
        assert left[1:] == left[:1] * 99  # the handshake
        assert 0 < left[0] < 1000
