"""A user's end of the control channel."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import msgspec
import numpy as np
import zmq

from sonolucent.stream.control.requests import MAX_WORDS_BYTES, ControlAnswer, ControlRequest
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ControlError
from sonolucent.stream.transport.sockets import Context

_TIMEOUT_S = 65.0
_POLL_S = 0.05
_CONNECT_MS = 2000


def ask(port: int, request: ControlRequest, timeout_s: float = _TIMEOUT_S) -> ControlAnswer:
    """What the run answers whose control channel is on that port of this machine.

    Raises:
        ConnectionError: no run answers there.
        ControlError: the run refuses; nothing has changed then, unless it says so.
    """
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        _send(socket, f"tcp://127.0.0.1:{port}", request)
        if (answer := _received(socket, timeout_s)) is None:
            raise ConnectionError(
                f"no run answers on port {port} of this machine; start one with `sonolucent run --control {port} ...`, "
                "give the port of one that is there, or ask again if somebody else is changing it now"
            )
        try:
            return _granted(answer)
        except UNDECODABLE as error:
            raise ControlError(f"what answers on port {port} is no run ({error}); is it another program's?") from error


class RunControl:
    """Asks the hub of the run that the asker is a part of, from any thread, until it is closed.

    Args:
        context: of the run's sockets.
        endpoint: where the hub hears users.
    """

    def __init__(self, context: Context, endpoint: str) -> None:
        self._context, self._endpoint = context, endpoint
        self._closed = threading.Event()

    def ask(self, request: ControlRequest, timeout_s: float = _TIMEOUT_S) -> ControlAnswer:
        """What the run answers.

        Raises:
            ControlError: it refuses, is ending, or has too much to do.
        """
        try:
            return self._answer(request, time.monotonic() + timeout_s)
        except zmq.ZMQError as error:
            raise ControlError(f"the run cannot be asked now: {error}") from error

    def _answer(self, request: ControlRequest, deadline: float) -> ControlAnswer:
        with self._context.socket(zmq.REQ) as socket:
            _send(socket, self._endpoint, request)
            while (answer := _received(socket, _POLL_S)) is None:
                if self._closed.is_set():
                    raise ControlError("the run is ending")
                if time.monotonic() > deadline:
                    raise ControlError("the run gave no answer; ask again if somebody else is changing it now")
            return _granted(answer)

    def close(self) -> None:
        """Nobody waits for an answer any more."""
        self._closed.set()


def _send(socket: zmq.Socket[bytes], endpoint: str, request: ControlRequest) -> None:
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, _CONNECT_MS)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_WORDS_BYTES)
    socket.connect(endpoint)
    socket.send(msgspec.json.encode(request, enc_hook=_plain))


def _received(socket: zmq.Socket[bytes], timeout_s: float) -> bytes | None:
    """What comes within a time; None where nothing does.

    A REQ says that it has something, looks at it, and throws it away where it is no answer.
    """
    deadline = time.monotonic() + timeout_s
    while socket.poll(max(0, int((deadline - time.monotonic()) * 1000))):
        with suppress(zmq.Again):
            return socket.recv(zmq.NOBLOCK)
    return None


def _granted(answer: bytes) -> ControlAnswer:
    decoded = msgspec.json.decode(answer, type=ControlAnswer)
    if decoded.error:
        raise ControlError(decoded.error)
    return decoded


def _plain(value: object) -> object:
    """NumPy's numbers and arrays as Python's, which JSON knows."""
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a request")
