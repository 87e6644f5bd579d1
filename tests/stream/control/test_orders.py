"""A stage's end of the control channel: each order is answered, whatever became of it, and the next one heard."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import msgspec
import pytest
import zmq

from sonolucent.stream.control.orders import ControlledStage, Here, NumberedOrder, Obeyed, Order, Tell, Told
from sonolucent.stream.control.requests import RecordingState

HUB = "inproc://hub"


class Hub:
    """Gives one order after another to the one stage."""

    def __init__(self, socket: zmq.Socket[bytes]) -> None:
        self.socket, self.number = socket, 0
        self.stage, said = self.hear()
        assert isinstance(said, Here)

    def hear(self) -> tuple[bytes, Obeyed | Here]:
        assert self.socket.poll(5000), "the stage is deaf"
        stage, message = self.socket.recv_multipart()
        return stage, msgspec.json.decode(message, type=Obeyed | Here)

    def give(self) -> Obeyed:
        self.number += 1
        self.socket.send_multipart([self.stage, msgspec.json.encode(NumberedOrder(self.number, Tell()))])
        _, said = self.hear()
        assert isinstance(said, Obeyed)
        assert said.number == self.number
        return said


@contextmanager
def hub_of(context: zmq.Context[zmq.Socket[bytes]], obey: Callable[[Order], bool | Told]) -> Iterator[Hub]:
    with context.socket(zmq.ROUTER) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind(HUB)
        with ControlledStage("beamform", HUB, context, obey):
            yield Hub(socket)


@pytest.mark.parametrize(
    "failure", [OverflowError("inf"), ZeroDivisionError("by 0"), MemoryError("3 GiB"), KeyError("x"), ValueError("no")]
)
def test_a_stage_that_fails_at_an_order_says_so_and_hears_the_next(
    context: zmq.Context[zmq.Socket[bytes]], failure: Exception
) -> None:
    failures = [failure]

    def obey(order: Order) -> bool:
        if failures:
            raise failures.pop()
        return True

    with hub_of(context, obey) as hub:
        assert str(failure).strip("'") in hub.give().error
        assert hub.give().error == ""


def test_what_cannot_be_told_is_a_failure_like_others(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    """As the name of a file that is not UTF-8."""
    with hub_of(context, lambda order: Told(recording=RecordingState("cwd\udcff/a.h5", 0))) as hub:
        assert "not UTF-8" in hub.give().error
        assert "not UTF-8" in hub.give().error


def test_what_is_no_order_is_told_and_nothing_is_done(
    context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    with hub_of(context, lambda order: True) as hub:
        for rubbish in (b"\xff", b"{}", b'{"number":1,"order":{"type":"Dance"}}'):
            hub.socket.send_multipart([hub.stage, rubbish])
        assert hub.give().did
    assert "have all stages of a run the same one" in caplog.text
