"""An edge ends when its last frame was taken, neither sooner nor later."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress

import pytest
import zmq

from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import End, Message, Stream
from sonolucent.stream.transport import socket_producer
from sonolucent.stream.transport.edge import GOODBYE, GRANT, Edge, Place
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.wire import decode

from .lines import STREAM, Line, edge_to_a_stranger, frame, take_a_frame


@contextmanager
def asking_again(stranger: zmq.Socket[bytes], taken: int) -> Iterator[None]:
    """Within, the same is asked for 50 times a second."""
    over = threading.Event()

    def ask() -> None:
        while not over.wait(0.02):
            stranger.send(GRANT.pack(taken, 2))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def closed(push: Producer, patience_s: float) -> tuple[EdgeCounts, float]:
    """Its counts, and the seconds that closing took."""
    begun_s = time.monotonic()
    return push.close(patience_s), time.monotonic() - begun_s


def told_until_the_end(consumer: zmq.Socket[bytes]) -> list[Message]:
    """What it hears, to the end or to five seconds of silence."""
    told = list[Message]()
    while not isinstance(told[-1] if told else None, End) and consumer.poll(5000):
        told.append(decode(consumer.recv_multipart()))
    return told


def test_who_repeats_what_it_asks_for_does_not_hold_up_the_end(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """By chance, a run's end took ten seconds."""
    with edge_to_a_stranger(context) as (push, stranger):
        take_a_frame(push, stranger)
        with asking_again(stranger, taken=1):
            counts, took_s = closed(push, 5.0)
    assert took_s < 2 * socket_producer._FAREWELL_S
    assert counts.balanced
    assert counts.delivered == 1


@pytest.mark.parametrize("asks_again", [True, False])
def test_who_asks_again_behind_a_slow_line_is_waited_for(
    context: zmq.Context[zmq.Socket[bytes]], asks_again: bool
) -> None:
    """A frame may take longer than the end's patience on its way."""
    with edge_to_a_stranger(context) as (push, stranger):
        push.push(frame(0))
        stranger.send(GRANT.pack(0, 2))
        assert stranger.poll(5000)

        def take_late() -> None:
            for _ in range(20):
                time.sleep(0.1)
                if asks_again:
                    stranger.send(GRANT.pack(0, 2))
            with suppress(zmq.Again):  # nobody hears who was silent for so long
                stranger.send(GRANT.pack(1, 2), zmq.NOBLOCK)

        taking = threading.Thread(target=take_late)
        taking.start()
        counts = push.close(0.5)
        taking.join()
    assert counts.balanced
    assert counts.delivered == asks_again


@pytest.mark.parametrize("goes_on", [True, False])
def test_who_works_on_a_frame_is_waited_for_while_its_connection_stands(
    place: Place, context: zmq.Context[zmq.Socket[bytes]], goes_on: bool
) -> None:
    if place.endpoint.startswith("inproc:"):
        pytest.skip("within a process frames are handed over, without a socket")
    line = Line(Edge("a", "b", bound=4), place, context)

    def work() -> None:
        line.pull.describe()
        for message in iter(line.pull.pull, None):
            if isinstance(message, End):
                break
            time.sleep(1.5)
            if not goes_on:
                break
        line.pull.socket.close(linger=0) if not goes_on else line.pull.close()

    line.push.push(STREAM)
    working = threading.Thread(target=work)
    working.start()
    for i in range(2):
        line.push.push(frame(i))
    counts = line.push.close(patience_s=0.3)
    working.join()
    assert counts.balanced
    assert counts.dropped == ({} if goes_on else {"consumer gone": 2})


@pytest.mark.parametrize("asks_again", [True, False])
def test_who_takes_frames_and_never_says_so_is_waited_for_for_a_limited_time(
    context: zmq.Context[zmq.Socket[bytes]], free_endpoint: str, monkeypatch: pytest.MonkeyPatch, asks_again: bool
) -> None:
    """A stranger whose connection stood kept a run from ending, for as long as it liked."""
    monkeypatch.setattr(socket_producer, "_AT_WORK_S", 1.0)
    with edge_to_a_stranger(context, free_endpoint) as (push, stranger):
        take_a_frame(push, stranger)
        with asking_again(stranger, taken=0) if asks_again else nullcontext():
            counts, took_s = closed(push, 0.3)
    assert 0.5 < took_s < 3
    assert counts.balanced
    assert counts.dropped == {"consumer gone": 1}


@pytest.mark.parametrize("breaks", ["before the end", "with the end on its way"])
def test_who_connects_again_as_an_edge_ends_is_told_so(
    context: zmq.Context[zmq.Socket[bytes]], free_endpoint: str, breaks: str
) -> None:
    """Who had all frames waited for ever for the word that they were all."""
    with edge_to_a_stranger(context, free_endpoint) as (push, stranger), context.socket(zmq.DEALER) as back_again:
        back_again.setsockopt(zmq.LINGER, 0)
        take_a_frame(push, stranger)
        stranger.send(GRANT.pack(1, 2))
        closing = threading.Thread(target=push.close)
        if breaks == "before the end":
            while not push.ledger.counts().delivered:
                time.sleep(0.01)
            stranger.close()
            time.sleep(0.2)
            closing.start()
            time.sleep(0.5)
        else:
            closing.start()
            assert stranger.poll(5000)
            stranger.close()
        back_again.connect(free_endpoint)
        back_again.send(GRANT.pack(1, 0))
        told = told_until_the_end(back_again)
        back_again.send(GRANT.pack(1, GOODBYE))
        closing.join()
    assert [type(message) for message in told] == [Stream, End]


def test_who_has_heard_the_end_says_so(place: Place, context: zmq.Context[zmq.Socket[bytes]]) -> None:
    line = Line(Edge("a", "b"), place, context)
    line.push.push(STREAM)
    reading, messages = line.drain_in_background()
    line.push.push(frame(0))
    line.push.push(End(1))
    _, took_s = closed(line.push, patience_s=5.0)
    reading.join()
    assert isinstance(messages[-1], End)
    assert took_s < socket_producer._FAREWELL_S


def test_whoever_comes_as_an_edge_ends_does_not_hold_it_up(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """Each is told that it is over, but none has the end wait beyond its patience."""
    over = threading.Event()

    def come_and_go() -> None:
        while not over.wait(0.05):
            with context.socket(zmq.DEALER) as another:
                another.setsockopt(zmq.LINGER, 0)
                another.connect("inproc://stranger")
                another.send(GRANT.pack(1, 2))
                another.poll(100)

    with edge_to_a_stranger(context) as (push, stranger):
        take_a_frame(push, stranger)
        stranger.send(GRANT.pack(1, 2))
        coming = threading.Thread(target=come_and_go)
        coming.start()
        try:
            _, took_s = closed(push, 1.0)
        finally:
            over.set()
            coming.join()
    assert took_s < 2.0
