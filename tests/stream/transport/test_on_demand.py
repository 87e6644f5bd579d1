"""An edge that passes on what is asked for: nothing is counted before, everything while, nothing old comes later."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
import zmq

from sonolucent.stream import Channels, Config, EdgeCounts
from sonolucent.stream.accounting.settlement import settled
from sonolucent.stream.ledger import NO_LONGER_ASKED_FOR
from sonolucent.stream.pipeline import pipeline
from sonolucent.stream.transport.edge import Edge, Place

from .lines import STREAM, both_ends, frame


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Line:
    def __init__(self, policy: str, place: Place | None, context: "zmq.Context[zmq.Socket[bytes]]") -> None:
        edge = Edge("source", "recorder", policy, 8, on_demand=True, awaited=False)  # type: ignore[arg-type]
        self.push, self.pull = both_ends(edge, place, context, threading.Event())
        self.wanted = False
        self.pull.wanted = lambda: self.wanted
        self.push.push(STREAM)
        assert self.pull.describe() == STREAM

    def take(self) -> int | None:
        message = self.pull.pull(0.3)
        return message.frame_id if isinstance(message, Channels) else None

    def ask(self, wanted: bool) -> None:
        self.wanted = wanted
        assert self.take() is None
        until(lambda: self.push._wanted.is_set() == wanted)


@pytest.fixture(params=["drop_oldest", "lossless"])
def line(request: pytest.FixtureRequest, in_process: Place | None) -> Iterator[Line]:
    with zmq.Context() as context:
        made = Line(request.param, in_process, context)
        yield made
        made.pull.close()
        made.push.close(0.1)


def test_nothing_is_counted_or_kept_while_nobody_asks(line: Line) -> None:
    for i in range(100):  # a lossless edge would wait for ever
        line.push.push(frame(i))
    assert line.push.ledger.counts() == EdgeCounts()
    line.ask(True)
    line.push.push(frame(100))
    assert line.take() == 100
    line.ask(False)
    for i in range(101, 200):
        line.push.push(frame(i))
    line.ask(True)
    line.push.push(frame(200))
    assert line.take() == 200
    line.ask(False)
    assert line.push.ledger.counts() == EdgeCounts(2, 2)


def test_what_waits_when_nobody_asks_any_more_is_counted_as_lost(line: Line) -> None:
    line.ask(True)
    for i in range(6):
        line.push.push(frame(i))
    time.sleep(0.1)
    line.wanted = False
    taken = 0
    while line.take() is not None:
        taken += 1
    line.ask(True)
    assert line.take() is None
    counts = line.push.ledger.counts()
    assert (counts.acquired, counts.delivered, counts.balanced) == (6, taken, True)
    assert counts.dropped == {NO_LONGER_ASKED_FOR: 6 - taken}


def test_the_recorder_of_a_controlled_run_takes_what_it_is_told_to() -> None:
    def edges(**options: object) -> dict[str, tuple[bool, bool]]:
        table = pipeline(Config(**options))  # type: ignore[arg-type]
        return {edge.name: (edge.on_demand, edge.awaited) for edge in table.edges if edge.consumer == "recorder"}

    assert edges(view=True) == {"enhance>recorder": (True, False), "source>recorder": (True, False)}
    assert edges(view=True, record="a.h5") == {"enhance>recorder": (True, True), "source>recorder": (True, False)}
    assert edges(control=0, record="a.h5", record_channels=True)["source>recorder"] == (True, True)
    assert edges(record="a.h5") == {"enhance>recorder": (False, True)}
    assert edges(view=True, every=16) == {"enhance>recorder": (True, False)}
    assert edges(view=True, source="images:a.h5", transforms=("enhance",)) == {"enhance>recorder": (True, False)}
    assert pipeline(Config(control=0, record="a.h5")).reporter.name == "headless"


def test_after_a_restart_frames_that_were_never_meant_for_it_are_not_missed() -> None:
    feed = Edge("scanner", "source")
    raw = Edge("source", "recorder", "drop_oldest", 8, on_demand=True)
    counts = {"scanner>source": EdgeCounts(100, 100), "source>recorder": EdgeCounts(10, 8, {"drop_oldest": 1})}
    result = settled([feed, raw], counts, {"source>recorder": 9, "scanner>source": 100}, {"source"})
    assert result["source>recorder"].balanced
    assert result["source>recorder"].acquired == 10
