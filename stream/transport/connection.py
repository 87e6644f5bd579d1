"""A socket that connects, and whose connection is made anew whenever it ends, whatever ended it.

libzmq by itself gives a connection up for good after an error of protocol, and goes on with one over which nothing
passes any more. Its monitor tells of every beginning and end. It stays for as long as the socket does.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

import zmq

from sonolucent.stream.transport import heartbeats
from sonolucent.stream.transport.byte_clock import ByteClock
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.greeting import Greeting, fault_of, greeting_of
from sonolucent.stream.transport.liveness import Death, Liveness
from sonolucent.stream.transport.monitored_socket import monitored
from sonolucent.stream.transport.sockets import Context, connect

_EVENTS = (
    zmq.EVENT_CONNECTED
    | zmq.EVENT_HANDSHAKE_SUCCEEDED
    | zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_DISCONNECTED
    | zmq.EVENT_CONNECT_RETRIED
)
_SENDERS: dict[int, tuple[str, ...]] = {zmq.PULL: ("PUSH",), zmq.DEALER: ("ROUTER",)}
_SOON_MS = 10
_LOOK_S = 1.0
_STOOD_S = 5.0
_BROKEN = (
    "it broke ZeroMQ's protocol: a part above 1 GiB, or bytes that are none of it (docs/wire.md); or another program "
    "came and went at this port"
)
_log = logging.getLogger(__name__)


class Connection:
    """One connection to whoever sends frames; use from one thread, and call `tend` whenever nothing has come.

    Args:
        context: of the socket.
        kind: of the socket: PULL or DEALER.
        endpoint: of the other end.
        keys: of an encrypted tcp endpoint.
        options: of the socket, set before it connects.
        inquire: has the other end answer with a message; None where it knows no such question.

    Attributes:
        socket: what to read from, and send to.

    Raises:
        EdgeError: the endpoint cannot be used.
        ConfigError: the keys cannot be used.
    """

    def __init__(
        self,
        context: Context,
        kind: int,
        endpoint: str,
        keys: Keys | None,
        options: dict[int, int] | None = None,
        inquire: Callable[[], None] | None = None,
    ) -> None:
        self._endpoint, self._kind, self._has_keys = endpoint, kind, keys is not None
        self._is_tcp = endpoint.startswith("tcp://")
        self.socket = monitored(context, kind, _EVENTS)
        for option, value in (options or {}).items():
            self.socket.setsockopt(option, value)
        self._liveness = Liveness(endpoint, inquire)
        self._connected_s: float | None = None
        self._stands_since_s: float | None = None
        self._ended_s: float | None = None
        self._ended_in_order = True
        self._n_faults = 0
        self._told_s = time.monotonic()
        self._told: set[str] = set()
        connect(self.socket, endpoint, keys)

    def came(self) -> None:
        """Hears that something was read."""
        self._liveness.came()

    def expect(self, largest_payload_bytes: int) -> None:
        """Hears how much the messages of this connection carry at most."""
        self._liveness.expect(largest_payload_bytes)

    def wait_ms(self, otherwise: int) -> int:
        """How long to wait for a message before it is time to `tend`."""
        return otherwise if self._ended_s is None else min(_SOON_MS, otherwise)

    def tend(self) -> None:
        """Looks after the connection, when everything was read that had come over it."""
        for event, value in self.socket.events():
            self._hear(event, value)
        now_s = time.monotonic()
        if self._ended_s is not None:
            if now_s - self._ended_s >= self._pause_s and not self._is_readable():
                self._make_anew()
        elif self._speaks_no_zmtp(now_s):
            self._fault()
        elif (death := self._liveness.died(self._is_readable)) is not None:
            self._bury(death)

    def _hear(self, event: int, value: int) -> None:
        if event == zmq.EVENT_CONNECTED:
            self._ended_s, self._connected_s = None, time.monotonic()
            self._liveness.ends()
            if self._is_tcp:
                self._liveness.begins(ByteClock(value))
        elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
            self._stands_since_s = time.monotonic()
        elif event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
            self._n_faults += 1
        else:
            self._ended_in_order = event == zmq.EVENT_CONNECT_RETRIED
            if self._ended_s is None:
                self._ended_s = time.monotonic()
                self._liveness.ends()

    def _speaks_no_zmtp(self, now_s: float) -> bool:
        """Whether this is no connection of ours: libzmq waits for ever on bytes that might be ZMTP 1.0."""
        waits = (
            self._connected_s is not None
            and self._stands_since_s is None
            and self._liveness.heard_s < self._connected_s
        )
        return waits and now_s - (self._connected_s or 0.0) > heartbeats.HANDSHAKE_MS / 1000

    @property
    def _pause_s(self) -> float:
        return min(heartbeats.RETRY_S * 2.0 ** min(self._n_faults, 10), heartbeats.RETRY_MAX_S)

    def _make_anew(self) -> None:
        if self._stands_since_s is not None and time.monotonic() - self._stands_since_s > _STOOD_S:
            self._n_faults = 0
        if self._ended_in_order:
            self._connect()
        else:
            self._fault()

    def _fault(self) -> None:
        self._connect()
        self._n_faults += 1
        self._tell_of_fault()

    def _connect(self) -> None:
        with suppress(zmq.ZMQError):  # it forgets some that ended
            self.socket.disconnect(self._endpoint)
        self._connected_s = self._stands_since_s = self._ended_s = None
        self._liveness.ends()
        self._ended_in_order = True
        self.socket.connect(self._endpoint)

    def _tell_of_fault(self) -> None:
        """Says what breaks the protocol, once a kind; a look costs time, so one is taken now and then alone."""
        now_s = time.monotonic()
        if self._told and now_s - self._told_s < _LOOK_S:
            return
        self._told_s = now_s
        found = greeting_of(self._endpoint) if self._is_tcp else Greeting(listens=False)
        fault = fault_of(found, has_keys=self._has_keys, wanted=_SENDERS[self._kind]) if found.listens else ""
        self._say(fault or _BROKEN)

    def _say(self, fault: str) -> None:
        if fault not in self._told:
            self._told.add(fault)
            _log.warning("%s: %s (trying again until it fits)", self._endpoint, fault)

    def _bury(self, death: Death) -> None:
        self._connect()
        if death.is_fault:
            self._n_faults += 1
            self._say(death.why)
        else:
            _log.warning("%s: %s", self._endpoint, death.why)

    def _is_readable(self) -> bool:
        return bool(self.socket.poll(0))
