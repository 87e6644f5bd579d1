"""The consumer's end of an edge: asks for frames, takes them, refuses what is none."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import zmq

from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, End, Frame, Message, Stream
from sonolucent.stream.transport.connection import Connection
from sonolucent.stream.transport.edge import GRANT, INQUIRY, POLL_S, Aborted, Edge, Place, window
from sonolucent.stream.transport.shared_memory import Borrower
from sonolucent.stream.transport.sockets import Context
from sonolucent.stream.transport.wire import Buffer, WireError, decode

_CONNECTING_S = 0.01
# What a producer that was restarted waits for before it knows of this consumer.
_REPEAT_GRANT_S = 0.1
_log = logging.getLogger(__name__)


class Consumer:
    """The consumer's end. Connects whether or not the producer is there yet; use from one thread.

    Raises:
        EdgeError: the endpoint is not on loopback.
    """

    def __init__(self, edge: Edge, place: Place, context: Context, abort: threading.Event) -> None:
        self.edge = edge
        self.refused = Ledger()
        self.taken_before = 0
        self.wanted: Callable[[], bool] = _always
        """Whether to ask for frames now, on an edge that passes on what is asked for."""
        self._abort = abort
        self._taken = 0
        self._window = self._room = window(edge, place)
        self._granted = (-1, -1)
        self._granted_at = 0.0
        self._described: Stream | None = None
        self._has_inquired = False
        self._connection = Connection(context, zmq.DEALER, place.endpoint, place.keys, inquire=self._inquire)
        self.socket = self._connection.socket
        self._borrower = None if place.lent_from is None else Borrower()

    @property
    def taken(self) -> int:
        """How many frames were taken here, also by a process that was here before."""
        return self.taken_before + self._taken

    def describe(self) -> Stream | End:
        """Waits for the description of the stream without asking for frames yet; `End` when it never began.

        Frames that come before were not asked for, and are refused.

        Raises:
            Aborted: the run was aborted.
        """
        self._room = 0
        while not isinstance(message := self.pull(), (Stream, End)):
            self.refused.lose("before the stream's description")
        self._room = self._window
        return message

    def pull(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None after `timeout_s` (None: wait for ever).

        Raises:
            Aborted: the run was aborted.
        """
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

    def close(self) -> None:
        """Acknowledges what was taken and disconnects."""
        self._grant(0)
        self.socket.close(linger=500)

    def _ask(self) -> None:
        now = time.monotonic()
        room = self._wanted_room
        wanted = (self._taken, room)
        outdated = self._granted != wanted or now - self._granted_at > _REPEAT_GRANT_S
        if outdated and self._grant(room):
            self._granted, self._granted_at = wanted, now

    @property
    def _wanted_room(self) -> int:
        return self._room if self.wanted() else 0

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
        if isinstance(message, Stream):
            return self._news(message)
        if isinstance(message, Frame) and not (isinstance(message, Channels) and message.ahead):
            self._taken += 1
        return message

    def _news(self, stream: Stream) -> Stream | None:
        """A description, unless it is but the answer to an inquiry."""
        known = self._has_inquired and stream == self._described
        self._described, self._has_inquired = stream, False
        return None if known else stream

    def _refuse(self, error: WireError) -> None:
        # A frame that went with its producer was lost with it; everything else was taken, and is of no use.
        self._taken += error.reason != "gone"
        if error.reason not in self.refused.counts().dropped:
            _log.warning("%s: refused a %s", self.edge.name, error)
        self.refused.lose(error.reason)


def pull_all(consumers: Sequence[Consumer]) -> Iterator[tuple[Consumer, Message]]:
    """The messages of several edges as they come, each with whom it came to; never ends by itself.

    Raises:
        Aborted: the run was aborted.
    """
    poller = zmq.Poller()
    for consumer in consumers:
        poller.register(consumer.socket, zmq.POLLIN)
    while True:
        came = False
        for consumer in consumers:
            message = consumer.pull(0.0)
            if message is not None:
                came = True
                yield consumer, message
        # While a frame was worked on nobody asked for the next one, which `pull` does: sleep only when all have asked.
        if not came:
            poller.poll(min(consumer.wait_ms() for consumer in consumers))


def _always() -> bool:
    return True
