"""The hub with stages that the test plays: what it does when one of them is killed and another takes its place."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest
import zmq

from sonolucent.stream.config import Config
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.hub import EDGE, IN_PROCESS, ControlHub
from sonolucent.stream.control.orders import Here, NumberedOrder, Obeyed, Prepare
from sonolucent.stream.control.requests import MAX_WORDS_BYTES, ControlRequest
from sonolucent.stream.errors import ControlError


@contextmanager
def serving(context: zmq.Context[zmq.Socket[bytes]]) -> Iterator[int]:
    """A hub of one stage, `beamform`; its port."""
    hub = ControlHub(Config(transforms=("beamform",), control=0, headless=True), context)
    thread = threading.Thread(target=hub.serve)
    thread.start()
    try:
        assert hub.port is not None
        yield hub.port
    finally:
        hub.ended.set()
        thread.join()


class Stage:
    """A process of the stage `beamform`: says that it is there, and does what it is told to."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], process: int) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IDENTITY, b"beamform")
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(IN_PROCESS[EDGE])
        self.socket.send(msgspec.json.encode(Here(process)))

    def next_order(self) -> NumberedOrder:
        assert self.socket.poll(5000)
        return msgspec.json.decode(self.socket.recv(), type=NumberedOrder)

    def obey(self, numbered: NumberedOrder) -> None:
        self.socket.send(msgspec.json.encode(Obeyed(numbered.number)))

    def obey_all(self, ended: threading.Event) -> None:
        while not ended.is_set():
            if self.socket.poll(20):
                self.obey(msgspec.json.decode(self.socket.recv(), type=NumberedOrder))


@contextmanager
def obeying(stage: Stage) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=stage.obey_all, args=(ended,))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_request_beyond_all_measure_is_not_even_kept(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with serving(context) as port, context.socket(zmq.REQ) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.setsockopt(zmq.RECONNECT_IVL, -1)
        ended = stranger.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        stranger.connect(f"tcp://127.0.0.1:{port}")
        stranger.send(bytes(MAX_WORDS_BYTES + 1))
        assert ended.poll(5000)
        stranger.disable_monitor()
        ended.close()
        stage = Stage(context, process=1)
        with stage.socket, obeying(stage):
            assert ask(port, ControlRequest(strength=0.5)).strength == 0.5


GAIN = ControlRequest({"gain_db": 3.0})


@pytest.mark.parametrize("message", [[b"x"], [b""], 50 * [b"x"]])
def test_what_is_no_request_neither_holds_up_the_next_nor_the_end(
    context: zmq.Context[zmq.Socket[bytes]], message: list[bytes]
) -> None:
    with serving(context) as port, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(f"tcp://127.0.0.1:{port}")
        stranger.send_multipart(message)
        time.sleep(0.3)
        with context.socket(zmq.REQ) as user:
            user.setsockopt(zmq.LINGER, 0)
            user.connect(f"tcp://127.0.0.1:{port}")
            user.send(b"{}")
            assert user.poll(20_000)
            stranger.send_multipart(message)
            time.sleep(0.3)


def test_a_stage_that_is_killed_during_an_order_is_told_at_once(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with serving(context) as port:
        first = Stage(context, process=1)
        refusals: list[str] = []

        def change() -> None:
            try:
                ask(port, GAIN)
            except ControlError as error:
                refusals.append(str(error))

        asking = threading.Thread(target=change)
        begun_s = time.monotonic()
        asking.start()
        assert isinstance(first.next_order().order, Prepare)
        first.socket.close()  # killed before it answers
        second = Stage(context, process=2)
        with obeying(second):
            asking.join()
            assert refusals == ["beamform was restarted meanwhile; ask again in a moment"]
            assert time.monotonic() - begun_s < 10
            assert ask(port, GAIN).imaging.gain_db == 3.0  # and a moment later it is done
        second.socket.close()


def test_a_stage_that_was_restarted_before_does_what_it_is_told(context: zmq.Context[zmq.Socket[bytes]]) -> None:
    with serving(context) as port:
        first = Stage(context, process=1)
        with obeying(first):
            assert ask(port, GAIN).revision == 1
        first.socket.close()
        second = Stage(context, process=2)
        with obeying(second):
            assert ask(port, GAIN).revision == 2
        second.socket.close()


def test_who_speaks_like_no_stage_ends_nothing(
    context: zmq.Context[zmq.Socket[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(context) as port, context.socket(zmq.DEALER) as stranger:
        stranger.setsockopt(zmq.IDENTITY, b"\xff")
        stranger.setsockopt(zmq.LINGER, 0)
        stranger.connect(IN_PROCESS[EDGE])
        for parts in ([b"hello"], [b"", b"{", b"}"], [b'{"type":"Obeyed"}'], [b"\xff"]):
            stranger.send_multipart(parts)
        stage = Stage(context, process=1)
        with stage.socket, obeying(stage):
            assert ask(port, GAIN).imaging.gain_db == 3.0
    assert caplog.text.count("is no stage of this run") == 1


def test_a_request_that_fails_in_the_hub_is_answered_and_so_is_the_next(
    context: zmq.Context[zmq.Socket[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: ControlHub, request: ControlRequest) -> None:
        raise OverflowError("beyond all numbers")

    with serving(context) as port:
        stage = Stage(context, process=1)
        with stage.socket, obeying(stage):
            with monkeypatch.context() as broken:
                broken.setattr(ControlHub, "_carry_out", fail)
                with pytest.raises(ControlError, match="beyond all numbers"):
                    ask(port, GAIN)
            assert ask(port, GAIN).revision == 1
