"""An end of an edge that is restarted goes on, and what the one before it held is counted."""

import threading
import time
from pathlib import Path

import zmq

from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Stream
from sonolucent.stream.transport.edge import Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.wire import encode

from .lines import STREAM, Line, drain, frame


def test_a_consumer_that_is_replaced_loses_what_it_held(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    line = Line(Edge("a", "b"), place, context)
    line.push.push(STREAM)
    for i in range(4):
        line.push.push(frame(i))
    assert line.pull.pull(20) == STREAM
    first = line.pull.pull(20)
    assert isinstance(first, Channels)
    # It dies holding frame 0, with frame 1 on its way.
    assert line.pull.socket.poll(20_000)
    line.pull.socket.close(linger=0)
    line.pull = SocketConsumer(line.push.edge, place, context, line.abort)
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
    line.pull = SocketConsumer(line.push.edge, place, context, line.abort)
    assert line.pull.describe() == STREAM
    thread, messages = line.drain_in_background()
    assert line.push.close().delivered == 2
    thread.join()
    assert [m.frame_id for m in messages if isinstance(m, Channels)] == [0, 1]


def test_a_producer_that_is_restarted_is_not_credited_with_frames_of_its_predecessor(
    tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    edge, place = Edge("a", "b"), Place(f"ipc://{tmp_path / 'edge'}")
    abort = threading.Event()
    with context.socket(zmq.ROUTER) as predecessor:
        predecessor.bind(place.endpoint)
        pull = SocketConsumer(edge, place, context, abort)
        assert pull.pull(0.05) is None
        consumer = predecessor.recv_multipart()[0]
        for message in (STREAM, frame(0)):
            predecessor.send_multipart([consumer, *encode(message)])
        assert pull.pull(20) == STREAM
        assert isinstance(pull.pull(20), Channels)
    push = SocketProducer(edge, place, context, abort)
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


def test_a_producer_that_is_restarted_tells_a_consumer_that_wants_nothing_of_the_end(
    tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    """A run with a recorder that had been told to stop never ended, and its stages waited a minute for it."""
    edge, place = Edge("a", "recorder", on_demand=True), Place(f"ipc://{tmp_path / 'edge'}")
    dies = threading.Event()
    push = SocketProducer(edge, place, context, dies)
    pull = SocketConsumer(edge, place, context, threading.Event())
    reading = threading.Thread(target=lambda: drain(pull))
    push.push(STREAM)
    reading.start()
    assert push.wait_for_consumer(20)
    push.push(frame(0))
    while not push.ledger.counts().delivered:
        time.sleep(0.01)
    pull.wanted = lambda: False
    dies.set()
    push.close()
    push = SocketProducer(edge, place, context, threading.Event())
    push.push(STREAM)
    assert push.wait_for_consumer(20)
    push.close()
    reading.join(20)
    assert not reading.is_alive()


def test_a_consumer_that_comes_at_the_end_learns_the_stream_first(
    tmp_path: Path, context: zmq.Context[zmq.Socket[bytes]]
) -> None:
    """A recorder in the place of one that was killed then took the stream for one that had never begun."""
    place = Place(f"ipc://{tmp_path / 'edge'}")
    line = Line(Edge("a", "b"), place, context)
    line.push.push(STREAM)
    assert line.pull.describe() == STREAM
    line.push.push(frame(0))
    assert isinstance(line.pull.pull(20), Channels)
    assert line.pull.pull(0.1) is None  # which says that the frame was taken
    closing = threading.Thread(target=line.push.close)
    line.pull.socket.close(linger=0)
    closing.start()
    messages = drain(SocketConsumer(line.push.edge, place, context, line.abort))
    closing.join()
    assert [type(message) for message in messages] == [Stream, End]
