"""A scanner's socket: a PUSH socket that a reader pulls from, and that can lose its connection."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import zmq

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.flood_guard import GUARD_EVENTS, FloodGuard
from sonolucent.stream.transport.heartbeats import LARGEST_COMMAND
from sonolucent.stream.transport.monitored_socket import MonitoredSocket, monitored
from sonolucent.stream.transport.reader_count import READER_EVENTS, ReaderCount
from sonolucent.stream.transport.sockets import Context, bind

_POLL_MS = 100
_LAST_POLLS = 10
# A line is kept busy by the first, and the kernel keeps the second by itself.
_LEAST_KEPT_BYTES, _KEPT_BYTES = 1 << 17, 1 << 21
_Bound = tuple[MonitoredSocket, ReaderCount, FloodGuard]
_REBIND_S = 5.0
# A reader may be busy with its warm-up; one that has gone is not waited for.
_LINGER_MS = 60_000


class PushSocket:
    """Sends messages to whoever is connected; one reader is meant, and several are warned of.

    Args:
        endpoint: tcp://HOST:PORT; the port * picks a free one.
        queue: messages that may wait for the reader.
        stop: set when nobody should wait any longer.
        keys: encrypt what is sent.
        frame_bytes: of a whole frame. The kernel keeps two small ones, not the hundreds that it has room for: behind a
            slow line they would be seconds old when they come.

    Raises:
        EdgeError: the endpoint cannot be used, or is taken.
        ConfigError: the keys cannot be used.
    """

    def __init__(
        self, context: Context, endpoint: str, queue: int, stop: Event, keys: Keys | None = None, frame_bytes: int = 0
    ) -> None:
        self._context, self._queue, self._stop, self._keys = context, queue, stop, keys
        self._kept_bytes = max(2 * frame_bytes, _LEAST_KEPT_BYTES)
        self.endpoint = endpoint
        self._socket, self._readers, self._guard = self._bind()
        self.endpoint = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def wait(self) -> bool:
        """Waits until a reader can take a message; False when it is time to stop."""
        while not self._stop.is_set():
            self._tend()
            if self._socket.poll(_POLL_MS, zmq.POLLOUT):
                return True
        return False

    def send(self, parts: Parts) -> bool:
        """Sends at once; False when there is no reader, or its queue is full."""
        self._tend()
        try:
            self._socket.send_multipart(parts, zmq.DONTWAIT, copy=False)
        except zmq.Again:
            return False
        return True

    def send_last(self, parts: Parts) -> bool:
        """Sends, and waits for the reader to have room: up to a minute, or a second once it is time to stop."""
        for polls in range(_LINGER_MS // _POLL_MS):
            if self.send(parts):
                return True
            if self._stop.is_set() and polls > _LAST_POLLS:
                return False
            self._socket.poll(_POLL_MS, zmq.POLLOUT)
        return False

    def reconnect(self) -> None:
        """Breaks the connection behind what was sent so far, and waits for the next one."""
        self.close()
        self._socket, self._readers, self._guard = _retried(self._bind)

    def close(self) -> None:
        """Closes; what is queued is delivered before the context ends, for a minute at most."""
        self._socket.close(linger=_LINGER_MS)

    def _tend(self) -> None:
        for event, value in self._socket.events():
            self._readers.hear(event)
            self._guard.hear(event, value)
        self._readers.look()
        self._guard.look()

    def _bind(self) -> _Bound:
        socket = monitored(self._context, zmq.PUSH, READER_EVENTS | GUARD_EVENTS)
        guard = FloodGuard(socket, LARGEST_COMMAND)
        socket.setsockopt(zmq.SNDHWM, self._queue)
        if self._kept_bytes < _KEPT_BYTES:
            socket.setsockopt(zmq.SNDBUF, self._kept_bytes)
        bind(socket, self.endpoint, "choose another --port", self._keys)
        return socket, ReaderCount(socket.getsockopt_string(zmq.LAST_ENDPOINT)), guard


def _retried(bind: Callable[[], _Bound]) -> _Bound:
    """Binds; the port is free again a moment after it was closed."""
    deadline = time.monotonic() + _REBIND_S
    while True:
        try:
            return bind()
        except EdgeError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001)
