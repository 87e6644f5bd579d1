"""Edges deliver or count every frame, whatever the transport and however slow the consumer."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.errors import EdgeError
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.transport.consumer import Consumer, pull_all
from sonolucent.stream.transport.edge import Aborted, Edge, Place
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.sockets import check_endpoint
from sonolucent.stream.transport.wire import encode

STREAM = Stream(Acquisition(), ImageGrid.sau64())


@pytest.fixture
def context() -> Iterator[zmq.Context[zmq.Socket[bytes]]]:
    with zmq.Context() as shared:
        yield shared


@pytest.fixture(params=["inproc", "ipc", "tcp", "shared memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "tcp":
        with zmq.Context() as scratch, scratch.socket(zmq.PULL) as probe:
            return Place(f"tcp://127.0.0.1:{probe.bind_to_random_port('tcp://127.0.0.1')}")
    scheme = "inproc" if request.param == "inproc" else "ipc"
    return Place(f"{scheme}://{tmp_path / 'edge'}", lent_from=1 if request.param == "shared memory" else None)


def frame(i: int) -> Channels:
    return Channels(i, np.full((2, 3, 4), i, np.int16))


def drain(pull: Consumer) -> list[Message]:
    messages: list[Message] = []
    while not messages or not isinstance(messages[-1], End):
        message = pull.pull(timeout_s=20)
        assert message is not None
        messages.append(message)
    pull.close()
    return messages


class Line:
    """Both ends of one edge."""

    def __init__(self, edge: Edge, place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
        self.abort = threading.Event()
        self.place = place
        self.push = Producer(edge, place, context, self.abort)
        self.pull = Consumer(edge, place, context, self.abort)

    def drain_in_background(self) -> tuple[threading.Thread, list[Message]]:
        messages: list[Message] = []
        thread = threading.Thread(target=lambda: messages.extend(drain(self.pull)))
        thread.start()
        return thread, messages


def test_lossless_delivers_everything_in_order(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    line = Line(Edge("a", "b"), place, context)
    thread, messages = line.drain_in_background()
    line.push.push(STREAM)
    for i in range(50):
        line.push.push(frame(i))
    line.push.push(End(50))
    counts = line.push.close()
    thread.join()
    assert messages[0] == STREAM
    assert messages[-1] == End(50)
    frames = messages[1:-1]
    assert [m.frame_id for m in frames if isinstance(m, Channels)] == list(range(50))
    assert all(isinstance(m, Channels) and (m.data == m.frame_id).all() for m in frames)
    assert (counts.acquired, counts.delivered, counts.dropped) == (50, 50, {})


def test_sequences_and_complex_samples_cross_every_edge(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    sequence = TransmitSequence.hadamard(64)
    stream = Stream(Acquisition(sequence=sequence, demodulation_frequency_hz=7.5e6), ImageGrid.sau64(), dtype="<c8")
    data = (np.arange(24).reshape(2, 3, 4) * (1 - 2j)).astype(np.complex64)
    line = Line(Edge("a", "b"), place, context)
    thread, messages = line.drain_in_background()
    line.push.push(stream)
    line.push.push(Channels(0, data))
    line.push.close()
    thread.join()
    described, shots, _ = messages
    assert described == stream
    assert isinstance(shots, Channels)
    assert shots.data.dtype == np.complex64
    assert np.array_equal(shots.data, data)


@pytest.mark.parametrize(("policy", "kept"), [("latest", [9]), ("drop_oldest", [6, 7, 8, 9])])
def test_a_late_consumer_gets_the_newest_and_the_rest_is_counted(
    place: Place, policy: str, kept: list[int], context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b", policy, bound=4), place, context)
    line.push.push(STREAM)
    for i in range(10):
        line.push.push(frame(i))
    thread, messages = line.drain_in_background()
    counts = line.push.close()
    thread.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == kept
    assert counts.dropped == {policy: 10 - len(kept)}
    assert counts.balanced


def test_a_slow_live_consumer_holds_no_frame_that_grows_old(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """What it takes next is one of the newest, not one that it was sent while it worked."""
    line = Line(Edge("a", "b", "drop_oldest", bound=2), Place("inproc://live"), context)
    line.push.push(frame(0))
    working_on = line.pull.pull(20)
    for i in range(1, 10):
        line.push.push(frame(i))
        time.sleep(0.02)  # long enough for the edge to send it, if it were asked for
    thread, messages = line.drain_in_background()
    counts = line.push.close()
    thread.join()
    assert isinstance(working_on, Channels)
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == [8, 9]
    assert (counts.delivered, counts.dropped) == (3, {"drop_oldest": 7})


def test_frames_carry_the_counts_of_the_edges_they_crossed(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    line = Line(Edge("a", "b", "latest"), Place("inproc://trail"), context)
    for i in range(3):
        line.push.push(frame(i))
    thread, messages = line.drain_in_background()
    line.push.close()
    thread.join()
    last = messages[0]
    assert isinstance(last, Channels)
    assert last.trail.edges["a>b"].acquired == 3
    assert last.trail.edges["a>b"].dropped == {"latest": 1}


def test_a_consumer_that_never_comes_is_counted(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    push = Producer(Edge("a", "b"), Place("inproc://nobody"), context, threading.Event())
    push.push(frame(0))
    counts = push.close(patience_s=0.1)
    assert counts.dropped == {"never asked for": 1}


def test_a_consumer_that_is_replaced_loses_what_it_held(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    line = Line(Edge("a", "b"), place, context)
    line.push.push(STREAM)
    for i in range(4):
        line.push.push(frame(i))
    assert line.pull.pull(20) == STREAM
    first = line.pull.pull(20)
    assert isinstance(first, Channels)
    # It dies holding frame 0, with frame 1 on its way.
    line.pull.socket.close(linger=0)
    line.pull = Consumer(line.push.edge, line.place, context, line.abort)
    thread, messages = line.drain_in_background()
    counts = line.push.close()
    thread.join()
    assert messages[0] == STREAM
    assert counts.balanced
    assert counts.dropped == {"consumer gone": 2}
    assert counts.delivered == 2


def test_a_consumer_that_is_replaced_learns_the_stream_while_frames_wait(
    place: Place, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    line = Line(Edge("a", "b", bound=2), place, context)
    line.push.push(STREAM)
    assert line.pull.describe() == STREAM
    for i in range(2):
        line.push.push(frame(i))
    line.pull.socket.close(linger=0)
    line.pull = Consumer(line.push.edge, line.place, context, line.abort)
    assert line.pull.describe() == STREAM
    thread, messages = line.drain_in_background()
    assert line.push.close().delivered == 2
    thread.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == [0, 1]


def test_foreign_messages_are_refused_and_counted(
    place: Place, context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    with context.socket(zmq.ROUTER) as stranger:
        stranger.bind(place.endpoint)
        pull = Consumer(Edge("a", "b"), place, context, threading.Event())
        assert pull.pull(0.05) is None
        consumer, *_ = stranger.recv_multipart()
        for parts in ([b"hello", b""], [b"hello"], [b"hello again", b""]):
            stranger.send_multipart([consumer, *parts])
        assert pull.pull(1.0) is None
        pull.close()
    assert pull.refused.counts().dropped == {"foreign": 2, "malformed": 1}
    assert len(caplog.records) == 2


def test_aborting_frees_a_producer_that_waits(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    abort = threading.Event()
    push = Producer(Edge("a", "b", bound=1), Place("inproc://full"), context, abort)
    push.push(frame(0))
    threading.Timer(0.05, abort.set).start()
    with pytest.raises(Aborted):
        push.push(frame(1))
    assert push.close().dropped == {"aborted": 1, "never asked for": 1}


def test_no_socket_file_stays_behind(tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    path = tmp_path / "edge"
    push = Producer(Edge("a", "b"), Place(f"ipc://{path}"), context, threading.Event())
    assert path.exists()
    push.close(patience_s=0)
    context.term()
    assert not path.exists()


def test_a_taken_endpoint_is_an_error(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    if place.endpoint.startswith("ipc"):
        pytest.skip("a second bind takes an ipc path over, by design of ZeroMQ")
    push = Producer(Edge("a", "b"), place, context, threading.Event())
    with pytest.raises(EdgeError, match="cannot bind"):
        Producer(Edge("a", "b"), place, context, threading.Event())
    push.close(patience_s=0)


@pytest.mark.parametrize("bad", ["tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://192.168.1.7:5555", "tcp://10.0.0.1:*"])
def test_other_addresses_are_refused(bad: str) -> None:
    with pytest.raises(EdgeError, match="not on loopback"):
        check_endpoint(bad, None)


@pytest.mark.parametrize("bad", ["", "udp://127.0.0.1:1", "inproc://", "/tmp/x"])
def test_what_is_no_endpoint_is_refused(bad: str) -> None:
    with pytest.raises(EdgeError, match="none of"):
        check_endpoint(bad, None)


def test_a_flood_of_foreign_messages_holds_nothing_up_and_the_log_stays_short(
    place: Place, context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    line = Line(Edge("a", "b"), place, context)
    thread, messages = line.drain_in_background()
    with context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(place.endpoint)
        line.push.push(STREAM)
        for i in range(20):
            for _ in range(100):
                stranger.send(b"grant me")
            line.push.push(frame(i))
        line.push.push(End(20))
        counts = line.push.close()
        thread.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == list(range(20))
    assert (counts.delivered, counts.dropped) == (20, {})
    assert set(line.push.refused.counts().dropped) == {"malformed"}
    assert len(caplog.records) == 1


def test_a_flood_from_one_producer_does_not_starve_another(
    tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    flooded, quiet = (f"ipc://{tmp_path / name}" for name in ("flooded", "quiet"))
    over = threading.Event()
    with context.socket(zmq.ROUTER) as stranger:
        stranger.bind(flooded)
        pulls = [Consumer(Edge("a", "c"), Place(flooded), context, threading.Event())]
        assert pulls[0].pull(0.05) is None
        consumer = stranger.recv_multipart()[0]

        def flood() -> None:
            while not over.is_set():
                stranger.send_multipart([consumer, b"hello", b""])

        flooding = threading.Thread(target=flood)
        flooding.start()
        while not pulls[0].refused.counts().acquired:
            assert pulls[0].pull(0.01) is None
        push = Producer(Edge("b", "c"), Place(quiet), context, threading.Event())
        pulls.append(Consumer(Edge("b", "c"), Place(quiet), context, threading.Event()))
        push.push(STREAM)
        push.push(frame(3))
        got = []
        for pull, message in pull_all(pulls):
            got.append((pull.edge.name, type(message).__name__))
            if len(got) == 2:
                break
        over.set()
        flooding.join()
        for pull in pulls:
            pull.close()
        push.close(patience_s=0.5)
    assert got == [("b>c", "Stream"), ("b>c", "Channels")]
    assert pulls[0].refused.counts().dropped["foreign"] > 0
    assert len(caplog.records) == 1


def test_a_producer_that_is_restarted_is_not_credited_with_frames_of_its_predecessor(
    tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    edge, place = Edge("a", "b"), Place(f"ipc://{tmp_path / 'edge'}")
    abort = threading.Event()
    with context.socket(zmq.ROUTER) as predecessor:
        predecessor.bind(place.endpoint)
        pull = Consumer(edge, place, context, abort)
        assert pull.pull(0.05) is None
        consumer = predecessor.recv_multipart()[0]
        for message in (STREAM, frame(0)):
            predecessor.send_multipart([consumer, *encode(message)])
        assert pull.pull(20) == STREAM
        assert isinstance(pull.pull(20), Channels)
    push = Producer(edge, place, context, abort)
    push.push(STREAM)
    push.push(frame(1))
    counts: list[EdgeCounts] = []
    closing = threading.Thread(target=lambda: counts.append(push.close()))
    closing.start()
    messages = drain(pull)
    closing.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == [1]
    assert counts == [EdgeCounts(1, 1)]
    assert pull.taken == 2


def test_whoever_pulls_has_asked_for_the_next_frame_before_it_sleeps(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a frame that came while another was worked on would wait for the end of the nap."""
    slept: list[bool] = []

    class Poller(zmq.Poller):
        def poll(self, timeout: float | None = None) -> list[tuple[object, int]]:
            slept.append(line.pull._granted[0] == line.pull.taken)
            return super().poll(timeout)

    line = Line(Edge("a", "b", "drop_oldest"), Place("inproc://asked"), context)
    monkeypatch.setattr(zmq, "Poller", Poller)
    line.push.push(STREAM)
    messages = pull_all([line.pull])
    for i in range(4):
        line.push.push(frame(i))
        while isinstance(next(messages)[1], Stream):
            pass
        slept_before = len(slept)
        line.push.push(frame(10 + i))
        next(messages)
        assert all(slept[slept_before:])
    closing = threading.Thread(target=line.push.close, args=(0.0,))
    closing.start()
    while not isinstance(next(messages)[1], End):
        pass
    line.pull.close()
    closing.join()
