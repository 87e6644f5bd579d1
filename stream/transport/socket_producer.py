"""The producer's end of an edge between sockets: keeps what has not been asked for, and sends what has."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

import zmq

from sonolucent.stream.ledger import CONSUMER_GONE, EdgeCounts
from sonolucent.stream.transport.credit import Parts, Peer
from sonolucent.stream.transport.edge import GOODBYE, GRANT, INQUIRY, POLL_S, Edge, Place, window
from sonolucent.stream.transport.flood_guard import GUARD_EVENTS, FloodGuard
from sonolucent.stream.transport.heartbeats import LARGEST_COMMAND
from sonolucent.stream.transport.monitored_socket import MonitoredSocket, monitored
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.send_queue import Item
from sonolucent.stream.transport.shared_memory import Lender
from sonolucent.stream.transport.sockets import Context, bind, remove_file

_HEARD_AT_ONCE = 64
_UNSENT = 8
"""Messages that wait in the socket for a consumer that does not read: each may be a whole frame."""
_FULL_S = 0.005
"""How long to wait for room."""
_AT_WORK_S = 60.0
"""How long an end that is there may work on one frame; one that holds frames for longer never gives them back."""
_FAREWELL_S = 0.5
"""How long a consumer may take to say that it knows that this was all."""
_log = logging.getLogger(__name__)


class SocketProducer(Producer):
    """The producer's end on a socket, which a thread of its own serves. It binds.

    Raises:
        EdgeError: the endpoint is not on loopback, or is taken.
    """

    def __init__(self, edge: Edge, place: Place, context: Context, abort: threading.Event) -> None:
        super().__init__(edge, abort)
        self._place, self._window = place, window(edge, place)
        self._socket = _open(context)
        self._guard = FloodGuard(self._socket, LARGEST_COMMAND)
        bind(self._socket, place.endpoint, "is another run using it?", place.keys)
        self._lender = None if place.lent_from is None else Lender(place.lent_from)
        self._peer: Peer | None = None
        self._patience_s = 5.0
        self._heard_s = self._progressed_s = time.monotonic()
        self._thread = threading.Thread(target=self._serve, name=f"edge {edge.name}", daemon=True)
        self._thread.start()

    def close(self, patience_s: float = 5.0) -> EdgeCounts:
        self._patience_s = patience_s
        self._no_more()
        self._thread.join()
        self._queue.require_taker()
        return self.ledger.counts()

    def _serve(self) -> None:
        try:
            while not self._abort.is_set() and not (self._end is not None and self._is_over):
                self._step()
            self._say_goodbye()
        except Exception as error:  # noqa: BLE001 - whatever it is, `push` and `close` raise it
            self._queue.fail(error)
        finally:
            self._count_the_rest()
            self._socket.close(linger=500)
            remove_file(self._place.endpoint)

    @property
    def _is_over(self) -> bool:
        now_s = time.monotonic()
        is_there = self._is_worked_on or now_s - self._heard_s < self._patience_s
        patience_s = max(self._patience_s, _AT_WORK_S) if is_there else self._patience_s
        return self._all_taken or now_s - self._progressed_s > patience_s

    @property
    def _is_worked_on(self) -> bool:
        """Whether the consumer has frames and is there still, though it says nothing."""
        return self._peer is not None and self._peer.outstanding > 0 and self._guard.is_there(self._peer.speaker)

    @property
    def _all_taken(self) -> bool:
        """Whether the consumer knows the stream and has all its frames, also while it goes on asking."""
        peer, stream = self._peer, self._queue.stream
        return peer is not None and peer.outstanding == 0 and not self._queue and stream in (None, peer.stream)

    def _step(self) -> None:
        """Hears grants and sends a frame, when there are any."""
        with suppress(zmq.Again):  # it is told before the next frame, if not now
            self._introduce(self._queue.stream)
        waiting_for_frames = self._may_send() and (self._queue or self._end is None)
        self._hear(0.0 if waiting_for_frames else POLL_S)
        item = self._queue.get() if self._may_send() else None
        if item is not None and not self._deliver(item):
            self._hear(_FULL_S)

    def _may_send(self) -> bool:
        return self._peer is not None and self._peer.may_send

    def _deliver(self, item: Item) -> bool:
        """Sends a frame, or shots ahead of one, which are left out where there is no room; False where a frame must
        wait for room."""
        try:
            self._introduce(item.stream)
            was_sent = self._send(item.parts)
        except zmq.Again:
            if not item.is_ahead:
                self._queue.put_back(item)
            return item.is_ahead
        self._progressed_s = time.monotonic()
        if was_sent and self._peer is not None:
            self._peer.sent += not item.is_ahead
        elif not item.is_ahead:
            self.ledger.drop(CONSUMER_GONE)
        return True

    def _introduce(self, stream: Parts | None) -> None:
        """Tells the consumer what stream the next frames belong to, unless it knows.

        Raises:
            zmq.Again: as `_send`.
        """
        if self._peer is not None and stream is not None and stream is not self._peer.stream and self._send(stream):
            self._peer.stream = stream

    def _send(self, parts: Parts) -> bool:
        """Sends to the consumer; False, and there is none any more, when it has gone.

        Raises:
            zmq.Again: it is there, but has not read so many messages that there is no room for another. A line that is
                slower than the frames looks the same, so nothing is lost by it.
        """
        if self._peer is None:
            return False
        message = parts if self._lender is None else self._lender.lend(parts)
        try:
            self._socket.send_multipart([self._peer.identity, *message], zmq.NOBLOCK, copy=False)
        except zmq.ZMQError as error:
            if error.errno not in (zmq.EHOSTUNREACH, zmq.EAGAIN):
                raise
            if self._lender is not None:
                self._lender.take_unsent(message)
            if error.errno == zmq.EAGAIN:
                raise
            self._forget_peer()
            return False
        return True

    def _hear(self, timeout_s: float) -> None:
        """Hears what the consumer asks for, if anything. A flood of messages does not hold frames up."""
        self._guard.tend()
        for n_before in range(_HEARD_AT_ONCE):
            if not self._socket.poll(0 if n_before else int(timeout_s * 1000)):
                break
            if (message := self._guard.receive()) is None:
                break
            identity, grant, *returned = message
            if grant == INQUIRY and not returned:
                self._describe_again(identity)
            elif len(grant) == GRANT.size and self._take_back(returned):
                self._grant(identity, *GRANT.unpack(grant))
            else:
                self._refuse([grant, *returned])

    def _describe_again(self, identity: bytes) -> None:
        if self._peer is not None and self._peer.identity == identity:
            self._peer.stream = None

    def _take_back(self, returned: list[bytes]) -> bool:
        """Hears which slots of memory the consumer needs no more; False when that makes no sense."""
        if self._lender is None:
            return not returned
        return len(returned) == 1 and self._lender.take_back(returned[0])

    def _refuse(self, parts: list[bytes]) -> None:
        if not self.refused.counts().acquired:
            sizes = ", ".join(str(len(part)) for part in parts)
            _log.warning("%s: refused what is no grant: parts of %s bytes", self.edge.name, sizes or "no")
        self.refused.lose("malformed")

    def _grant(self, identity: bytes, taken: int, room: int) -> None:
        leaves = room == GOODBYE
        room = 0 if leaves else min(room, self._window)
        if self._peer is None or self._peer.identity != identity:
            if leaves:
                return  # it has been replaced already
            self._forget_peer()
            self._peer = Peer(identity, taken, 0, self._guard.speaker)
        self._heard_s = time.monotonic()
        if (n_taken := self._peer.grant(taken, room)) > 0:
            self._progressed_s = self._heard_s
            self.ledger.deliver(n_taken)
        self._peer.has_left = leaves
        self._hear_whether_wanted(room > 0)
        if taken > 0:
            self._asked.set()  # it is ready, though it may want nothing now

    def _forget_peer(self) -> None:
        if self._peer is not None:
            self.ledger.drop(CONSUMER_GONE, self._peer.outstanding)
        if self._lender is not None:
            self._lender.forget()
        self._peer = None

    def _say_goodbye(self) -> None:
        """Tells the consumer that this was all until it says goodbye too, and one that had to connect again once more.

        Closed before that, a connection over which something still comes is reset; what was on its way is lost then.
        """
        told, told_s = None, time.monotonic()
        latest = told_s + (self._patience_s if self._all_taken else _FAREWELL_S)
        is_awaited = self._peer is not None and not self._peer.has_left
        while self._end is not None and is_awaited and not self._abort.is_set():
            if self._peer is not None and self._peer is not told:
                with suppress(zmq.Again):
                    self._introduce(self._queue.stream)
                    self._send(self._end)
                    told, told_s = self._peer, time.monotonic()
            elif told is not None and (told.has_left or (self._is_there(told) and _is_past(told_s + _FAREWELL_S))):
                return
            if _is_past(latest):
                return
            self._hear(_FULL_S)

    def _is_there(self, peer: Peer) -> bool:
        """Whether its connection stands, as one within this process always does."""
        return peer.speaker is None or self._guard.is_there(peer.speaker)

    def _count_the_rest(self) -> None:
        self._count_what_waits()
        self._forget_peer()


def _open(context: Context) -> MonitoredSocket:
    socket = monitored(context, zmq.ROUTER, GUARD_EVENTS)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    socket.setsockopt(zmq.SNDHWM, _UNSENT)
    return socket


def _is_past(time_s: float) -> bool:
    return time.monotonic() > time_s
