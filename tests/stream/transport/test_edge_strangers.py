"""Edges refuse what strangers send, and addresses that are not theirs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zmq

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.messages import Channels, End
from sonolucent.stream.transport import socket_producer
from sonolucent.stream.transport.consumer import pull_all
from sonolucent.stream.transport.edge import GOODBYE, GRANT, Edge, Place
from sonolucent.stream.transport.socket_consumer import SocketConsumer
from sonolucent.stream.transport.socket_producer import SocketProducer
from sonolucent.stream.transport.sockets import check_endpoint
from sonolucent.stream.transport.wire import decode, encode

from .lines import STREAM, Line, edge_to_a_stranger, frame, take_a_frame


def test_foreign_messages_are_refused_and_counted(
    place: Place, context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    with context.socket(zmq.ROUTER) as stranger:
        stranger.bind(place.endpoint)
        pull = SocketConsumer(Edge("a", "b"), place, context, threading.Event())
        assert pull.pull(0.05) is None
        consumer, *_ = stranger.recv_multipart()
        for parts in ([b"hello", b""], [b"hello"], [b"hello again", b""]):
            stranger.send_multipart([consumer, *parts])
        assert pull.pull(1.0) is None
        pull.close()
    assert pull.refused.counts().dropped == {"foreign": 2, "malformed": 1}
    assert len(caplog.records) == 2


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
        pulls = [SocketConsumer(Edge("a", "c"), Place(flooded), context, threading.Event())]
        assert pulls[0].pull(0.05) is None
        consumer = stranger.recv_multipart()[0]

        def flood() -> None:
            while not over.is_set():
                stranger.send_multipart([consumer, b"hello", b""])

        flooding = threading.Thread(target=flood)
        flooding.start()
        while not pulls[0].refused.counts().acquired:
            assert pulls[0].pull(0.01) is None
        push = SocketProducer(Edge("b", "c"), Place(quiet), context, threading.Event())
        pulls.append(SocketConsumer(Edge("b", "c"), Place(quiet), context, threading.Event()))
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


def test_a_taken_endpoint_is_an_error(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    if place.endpoint.startswith("ipc"):
        pytest.skip("a second bind takes an ipc path over, by design of ZeroMQ")
    push = SocketProducer(Edge("a", "b"), place, context, threading.Event())
    with pytest.raises(EdgeError, match="cannot bind"):
        SocketProducer(Edge("a", "b"), place, context, threading.Event())
    push.close(patience_s=0)


def test_who_acknowledges_more_than_it_was_sent_is_not_believed(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """The counts add up all the same."""
    with edge_to_a_stranger(context) as (push, stranger):
        take_a_frame(push, stranger)
        stranger.send(GRANT.pack(1_000_000, 2))
        counts = push.close(1.0)
    assert counts.balanced
    assert counts.delivered == 1


def large(i: int) -> Channels:
    return Channels(i, np.full((2, 2, 1 << 18), i, np.int16))


@contextmanager
def who_never_reads(push: SocketProducer, endpoint: str) -> Iterator[zmq.Socket[bytes]]:
    """Within, a stranger is connected that keeps almost nothing of what comes."""
    with zmq.Context() as own, own.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.setsockopt(zmq.RCVHWM, 1)
        stranger.setsockopt(zmq.RCVBUF, 4096)
        stranger.connect(endpoint)
        yield stranger


def test_who_asks_for_more_than_any_consumer_is_sent_no_more(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with edge_to_a_stranger(context) as (push, stranger):
        stranger.send(GRANT.pack(0, GOODBYE - 1))
        for i in range(4):
            push.push(frame(i))
        came = []
        while stranger.poll(500):
            came.append(decode(stranger.recv_multipart()))
        assert [message.frame_id for message in came if isinstance(message, Channels)] == [0, 1]
    push.close(0.1)


@pytest.mark.parametrize("claimed", ["all at once", "each"])
def test_who_claims_to_have_taken_what_it_never_read_fills_no_memory(
    context: zmq.Context[zmq.Socket[bytes]], free_endpoint: str, monkeypatch: pytest.MonkeyPatch, claimed: str
) -> None:
    monkeypatch.setattr(socket_producer, "_AT_WORK_S", 1.0)  # the last frame may have been sent after the last claim
    push = SocketProducer(Edge("a", "b", "drop_oldest"), Place(free_endpoint), context, threading.Event())
    with who_never_reads(push, free_endpoint) as stranger:
        push.push(STREAM)
        stranger.send(GRANT.pack(0, 2))
        assert push.wait_for_consumer(5)
        for i in range(100):
            stranger.send(GRANT.pack(1_000_000 if claimed == "all at once" else i, 2))
            push.push(large(i))
            time.sleep(0.01)
        counts = push.close(0.2)
    assert counts.balanced
    assert counts.delivered < 40


def test_shots_ahead_are_left_out_where_they_are_not_read(
    context: zmq.Context[zmq.Socket[bytes]], free_endpoint: str
) -> None:
    """The frame comes whole all the same, to who reads it later."""
    push = SocketProducer(Edge("a", "b"), Place(free_endpoint), context, threading.Event())
    with who_never_reads(push, free_endpoint) as stranger:
        push.push(STREAM)
        stranger.send(GRANT.pack(0, 2))
        assert push.wait_for_consumer(5)
        for _ in range(60):
            push.push(replace(large(0), ahead=True))
            time.sleep(0.005)
        came = []
        while stranger.poll(500):
            came.append(decode(stranger.recv_multipart()))
        n_ahead = sum(isinstance(message, Channels) for message in came)
        assert 0 < n_ahead < 60
        push.push(large(0))
        assert stranger.poll(5000)
        whole = decode(stranger.recv_multipart())
        assert isinstance(whole, Channels)
        assert not whole.ahead
    push.close(0.1)


def test_what_is_larger_than_any_grant_is_not_even_kept(
    context: zmq.Context[zmq.Socket[bytes]], free_endpoint: str
) -> None:
    push = SocketProducer(Edge("a", "b"), Place(free_endpoint), context, threading.Event())
    with context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.setsockopt(zmq.RECONNECT_IVL, -1)
        ended = stranger.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        stranger.connect(free_endpoint)
        stranger.send(bytes(1 << 20))
        assert ended.poll(5000)
        stranger.disable_monitor()
        ended.close()
    push.close(0)
    assert push.refused.counts().acquired == 0


def test_a_frame_that_was_not_asked_for_is_refused(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with context.socket(zmq.ROUTER) as stranger:
        stranger.bind(place.endpoint)
        pull = SocketConsumer(Edge("a", "b"), place, context, threading.Event())
        assert pull.pull(0.05) is None
        consumer, *_ = stranger.recv_multipart()
        for message in (frame(0), STREAM):
            stranger.send_multipart([consumer, *encode(message)])
        assert pull.describe() == STREAM
        pull.close()
    assert pull.refused.counts().dropped == {"before the stream's description": 1}
