"""The consumer's end of an edge between sockets: asks for frames by grants, and takes what is sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import zmq

from sonolucent.stream.messages import End, Message, Stream
from sonolucent.stream.transport.connection import Connection
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.edge import GOODBYE, GRANT, INQUIRY, POLL_S, Aborted, Edge, Place, window
from sonolucent.stream.transport.shared_memory import Borrower
from sonolucent.stream.transport.sockets import Context
from sonolucent.stream.transport.wire import Buffer, WireError, decode

_CONNECTING_S = 0.01
# What a producer that was restarted waits for before it knows of this consumer.
_REPEAT_GRANT_S = 0.1


class SocketConsumer(Consumer):
    """The consumer's end on a socket. It connects, whether or not the producer is there yet.

    Raises:
        EdgeError: the endpoint is not on loopback.
    """

    def __init__(self, edge: Edge, place: Place, context: Context, abort: threading.Event) -> None:
        super().__init__(edge, abort, window(edge, place))
        self._granted = (-1, -1)
        self._granted_at = 0.0
        self._described: Stream | None = None
        self._has_inquired = self._has_said_goodbye = False
        self._connection = Connection(context, zmq.DEALER, place.endpoint, place.keys, inquire=self._inquire)
        self.socket = self._connection.socket
        self._borrower = None if place.lent_from is None else Borrower()

    def pull(self, timeout_s: float | None = None) -> Message | None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if self._abort.is_set():
                raise Aborted(self.edge.name)
            self._connection.tend()
            self._ask()
            if self.socket.poll(self.wait_ms(deadline)):
                message = self._take()
                if message is not None:
                    return message
            if deadline is not None and time.monotonic() >= deadline:
                return None

    @classmethod
    def waiting(cls, consumers: Sequence[Consumer]) -> Callable[[], object]:
        mine = [consumer for consumer in consumers if isinstance(consumer, cls)]
        poller = zmq.Poller()
        for consumer in mine:
            poller.register(consumer.socket, zmq.POLLIN)
        return lambda: poller.poll(min(consumer.wait_ms() for consumer in mine))

    def close(self) -> None:
        if not self._has_said_goodbye:
            self._grant(GOODBYE)
        self.socket.close(linger=500)

    def _ask(self) -> None:
        now = time.monotonic()
        room = self._wanted_room
        wanted = (self._taken, room)
        outdated = self._granted != wanted or now - self._granted_at > _REPEAT_GRANT_S
        if outdated and self._grant(room):
            self._granted, self._granted_at = wanted, now

    def _grant(self, room: int) -> bool:
        """Tells the producer how many more frames to send; False while there is no producer."""
        returned = [] if self._borrower is None else [self._borrower.returned()]
        try:
            self.socket.send_multipart([GRANT.pack(self._taken, room), *returned], zmq.NOBLOCK)
        except zmq.Again:
            return False
        if self._borrower is not None:
            self._borrower.acknowledge(*returned)
        return True

    def wait_ms(self, deadline: float | None = None) -> int:
        """How long to poll before it is time to ask again."""
        slice_s = POLL_S if self._granted == (self._taken, self._wanted_room) else _CONNECTING_S
        remaining_s = slice_s if deadline is None else max(0.0, deadline - time.monotonic())
        return self._connection.wait_ms(int(min(slice_s, remaining_s) * 1000))

    def _inquire(self) -> None:
        with suppress(zmq.Again):
            self.socket.send(INQUIRY, zmq.NOBLOCK)
            self._has_inquired = True

    def _take(self) -> Message | None:
        self._connection.came()
        frames = self.socket.recv_multipart(copy=False)
        parts: Sequence[Buffer] = [frame.buffer for frame in frames]
        try:
            message = decode(parts if self._borrower is None else self._borrower.borrow(parts))
        except WireError as error:
            self._refuse(error)
            return None
        self._has_said_goodbye = isinstance(message, End) and self._grant(GOODBYE)
        if isinstance(message, Stream):
            return self._news(message)
        self._count(message)
        return message

    def _news(self, stream: Stream) -> Stream | None:
        """A description, unless it is but the answer to an inquiry."""
        known = self._has_inquired and stream == self._described
        self._described, self._has_inquired = stream, False
        return None if known else stream
