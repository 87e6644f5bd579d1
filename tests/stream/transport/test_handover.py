"""Edges between threads: what is handed over is what was pushed, and an edge's end waits for who still works."""

import threading
import time
from dataclasses import replace

import pytest

from sonolucent.stream.messages import Channels, End
from sonolucent.stream.transport.consumer import pull_all
from sonolucent.stream.transport.edge import Aborted, Edge
from sonolucent.stream.transport.handover import ThreadEnds

from .lines import STREAM, frame


def test_who_works_on_a_frame_for_longer_than_an_end_is_patient_gets_the_others_too() -> None:
    edge, taken = Edge("a", "b", bound=4), []
    ends = ThreadEnds([edge], threading.Event())
    push, pull = ends.producer(edge), ends.consumer(edge)

    def work() -> None:
        while isinstance(message := pull.pull(), Channels):
            taken.append(message.frame_id)
            time.sleep(0.3)
        assert message == End(3)
        pull.close()

    working = threading.Thread(target=work)
    working.start()
    for i in range(3):
        push.push(frame(i))
    counts = push.close(patience_s=0.1)
    working.join()
    assert taken == [0, 1, 2]
    assert (counts.acquired, counts.delivered, counts.dropped) == (3, 3, {})


def test_who_works_on_a_frame_of_one_edge_is_waited_for_by_its_others() -> None:
    edges = [Edge("a", "c"), Edge("b", "c")]
    ends = ThreadEnds(edges, threading.Event())
    of_a, of_b = (ends.producer(edge) for edge in edges)
    taken = []

    def work() -> None:
        messages = pull_all([ends.consumer(edge) for edge in reversed(edges)])
        while len(taken) < 2:
            taken.append(next(messages)[0].edge.name)
            time.sleep(0.5)

    of_a.push(frame(0))
    working = threading.Thread(target=work)
    working.start()
    while not taken:
        time.sleep(0.01)
    of_b.push(frame(1))
    counts = of_b.close(patience_s=0.1)
    working.join()
    assert (taken, counts.dropped) == (["a>c", "b>c"], {})


def test_the_description_comes_before_its_first_frame_though_all_before_it_were_dropped() -> None:
    edge = Edge("a", "b", "drop_oldest", bound=1)
    ends = ThreadEnds([edge], threading.Event())
    push, pull = ends.producer(edge), ends.consumer(edge)
    another = replace(STREAM, revision=1)
    push.push(STREAM)
    push.push(frame(0))
    push.push(another)
    push.push(frame(1))
    first, second = pull.pull(5), pull.pull(5)
    assert first == another
    assert isinstance(second, Channels)
    assert second.frame_id == 1
    assert push.close().dropped == {"drop_oldest": 1}


def test_several_edges_wake_one_consumer() -> None:
    edges = [Edge("a", "c"), Edge("b", "c")]
    ends = ThreadEnds(edges, threading.Event())
    messages = pull_all([ends.consumer(edge) for edge in edges])

    def push_later(i: int) -> None:
        time.sleep(0.05)
        ends.producer(edges[i]).push(frame(i))

    waits_s = []
    for i in (1, 0, 1):
        threading.Thread(target=push_later, args=(i,)).start()
        begun_s = time.monotonic()
        consumer, message = next(messages)
        waits_s.append(time.monotonic() - begun_s)
        assert consumer.edge == edges[i]
        assert isinstance(message, Channels)
        assert message.frame_id == i
    assert min(waits_s) < 0.09  # without being woken it looks every 0.1 s


def test_each_edge_ends_once_so_that_one_that_ends_early_does_not_end_the_others() -> None:
    edges = [Edge("a", "c"), Edge("b", "c")]
    ends = ThreadEnds(edges, threading.Event())
    early, late = (ends.producer(edge) for edge in edges)
    messages = pull_all([ends.consumer(edge) for edge in edges])
    early.push(End(0))
    assert next(messages)[1] == End(0)

    def push_later() -> None:
        time.sleep(0.3)
        late.push(frame(7))
        late.push(End(1))

    threading.Thread(target=push_later).start()
    _, message = next(messages)
    assert isinstance(message, Channels)
    assert next(messages)[1] == End(1)


def test_who_has_left_is_not_waited_for() -> None:
    """A lossless edge would wait for room for ever, and nobody comes in its place."""
    edge = Edge("a", "b", bound=1)
    ends = ThreadEnds([edge], threading.Event())
    push = ends.producer(edge)
    push.push(frame(0))
    threading.Timer(0.05, ends.consumer(edge).close).start()
    push.push(frame(1))
    push.push(frame(2))
    counts = push.close(patience_s=20)
    assert (counts.acquired, counts.dropped) == (3, {"consumer gone": 3})


def test_what_is_no_longer_asked_for_does_not_hold_up_the_end() -> None:
    edge = Edge("a", "b", on_demand=True)
    ends = ThreadEnds([edge], threading.Event())
    push, pull = ends.producer(edge), ends.consumer(edge)
    assert pull.pull(0.0) is None
    push.push(frame(0))
    push._wanted.clear()  # as where it was pushed at the very moment
    begun_s = time.monotonic()
    assert push.close(patience_s=20).dropped == {"never asked for": 1}
    assert time.monotonic() - begun_s < 5


def test_aborting_frees_who_waits_for_a_frame() -> None:
    abort, edge = threading.Event(), Edge("a", "b")
    pull = ThreadEnds([edge], abort).consumer(edge)
    threading.Timer(0.05, abort.set).start()
    with pytest.raises(Aborted):
        pull.pull()
