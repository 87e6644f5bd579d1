"""The user's end of the control channel, against what may answer there."""

import threading

import pytest
import zmq

from sonolucent.stream.control.client import RunControl, ask
from sonolucent.stream.control.requests import ControlRequest
from sonolucent.stream.errors import ControlError


@pytest.mark.parametrize("answer", [b"hello", b"{}", b"\xff\xfe", b'{"revision": "one"}'])
def test_what_is_no_run_is_told_apart(answer: bytes) -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")

        def reply() -> None:
            other.recv()
            other.send(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(ControlError, match=f"what answers on port {port} is no run"):
            ask(port, ControlRequest(), timeout_s=10)
        thread.join()


def test_silence_says_how_to_start_a_run() -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        with pytest.raises(ConnectionError, match="sonolucent run --control"):
            ask(port, ControlRequest(), timeout_s=0.2)


def test_who_answers_with_what_is_no_answer_is_waited_for_no_longer() -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")

        def reply() -> None:
            identity, *_ = other.recv_multipart()
            other.send_multipart([identity, b"no envelope"])

        thread = threading.Thread(target=reply)
        thread.start()
        with pytest.raises(ConnectionError, match="no run answers"):
            ask(port, ControlRequest(), timeout_s=1)
        thread.join()


def test_no_socket_left_to_ask_by_is_told_as_all_that_the_run_refuses() -> None:
    with zmq.Context() as context:
        context.set(zmq.MAX_SOCKETS, 1)
        with context.socket(zmq.REQ), pytest.raises(ControlError, match="cannot be asked now"):
            RunControl(context, "inproc://users").ask(ControlRequest())
