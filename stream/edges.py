"""Edges: how frames cross from one stage to the next, over inproc, ipc or tcp.

The consumer asks for frames (it grants credit) and the producer keeps what has not been asked for, as the edge's
policy says. So a slow consumer never holds frames up inside a socket, every loss happens in one place, and it is
counted there. A thread of the edge does the sending; `push` never waits, except on a `lossless` edge that is full.

The consumer's grant is cumulative (frames taken so far, frames it has room for), so that repeating it is harmless and
either side may be restarted.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import zmq

from sonolucent.stream.errors import EdgeError
from sonolucent.stream.frames import End, Frame, Message, Stream
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.wire import MAX_PAYLOAD_BYTES, Buffer, WireError, decode, encode

Policy = Literal["latest", "drop_oldest", "lossless"]
Parts = tuple[bytes, Buffer]

_GRANT = struct.Struct("<QI")
_POLL_S = 0.1
_CONNECTING_S = 0.01
_REPEAT_GRANT_S = 1.0
_log = logging.getLogger(__name__)


class Aborted(Exception):
    """The run was aborted while an edge was waiting."""


@dataclass(frozen=True)
class Edge:
    """One arrow of the pipeline's diagram; its name is "producer>consumer"."""

    name: str
    endpoint: str
    policy: Policy = "lossless"
    bound: int = 4

    @property
    def window(self) -> int:
        """Frames the consumer asks for ahead: none for the newest, one beside the one in work otherwise."""
        return 1 if self.policy == "latest" else 2


@dataclass
class _Peer:
    identity: bytes
    taken_before: int
    taken: int
    room: int
    sent: int = 0
    stream: Parts | None = None

    @property
    def may_send(self) -> bool:
        return self.sent - (self.taken - self.taken_before) < self.room


class PushEdge:
    """The producer's end. Bind once; `push` from one thread.

    Raises:
        EdgeError: the endpoint is not on loopback, or is taken.
    """

    def __init__(self, edge: Edge, context: zmq.Context[zmq.Socket[bytes]], abort: threading.Event) -> None:
        self.edge = edge
        self.ledger = Ledger()
        self._abort = abort
        self._socket = _bind(context, edge.endpoint)
        self._queue: deque[tuple[Parts | None, Parts]] = deque()
        self._changed = threading.Condition()
        self._stream: Parts | None = None
        self._peer: _Peer | None = None
        self._end: Parts | None = None
        self._patience_s = 5.0
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=f"edge {edge.name}", daemon=True)
        self._thread.start()

    def push(self, message: Message) -> None:
        """Offers a message to the consumer.

        Raises:
            Aborted: the run was aborted.
        """
        if isinstance(message, Stream):
            with self._changed:
                self._stream = encode(message)
                self._changed.notify_all()
            return
        if isinstance(message, End):
            self._end = encode(message)
            return
        self.ledger.acquire()
        parts = encode(replace(message, trail=message.trail.crossed(self.edge.name, self.ledger.counts())))
        with self._changed:
            self._make_room()
            self._queue.append((self._stream, parts))
            self._changed.notify_all()

    def wait_for_consumer(self, timeout_s: float) -> bool:
        """Waits until the consumer asks for a frame; False when it has not within `timeout_s`.

        Raises:
            Aborted: the run was aborted.
        """
        deadline = time.monotonic() + timeout_s
        while not self._asked.wait(_POLL_S):
            if self._abort.is_set():
                raise Aborted(self.edge.name)
            if time.monotonic() > deadline:
                return False
        return True

    def close(self, patience_s: float = 5.0) -> EdgeCounts:
        """Waits while the consumer still takes frames (at most `patience_s` without progress), then ends the edge."""
        with self._changed:
            self._patience_s = patience_s
            if self._end is None:
                self._end = encode(End(self.ledger.counts().acquired))
            self._changed.notify_all()
        self._thread.join()
        return self.ledger.counts()

    def _make_room(self) -> None:
        bound = 1 if self.edge.policy == "latest" else self.edge.bound
        while self.edge.policy == "lossless" and len(self._queue) >= bound and not self._abort.is_set():
            self._changed.wait(_POLL_S)
        if self._abort.is_set():
            self.ledger.drop("aborted")
            raise Aborted(self.edge.name)
        while len(self._queue) >= bound:
            self._queue.popleft()
            self.ledger.drop(self.edge.policy)

    def _serve(self) -> None:
        try:
            progressed = time.monotonic()
            while not self._abort.is_set():
                if self._step():
                    progressed = time.monotonic()
                elif self._end is not None and self._idle(progressed):
                    break
            self._say_goodbye()
        finally:
            self._count_the_rest()
            self._socket.close(linger=500)
            _remove_socket_file(self.edge.endpoint)

    def _idle(self, progressed: float) -> bool:
        all_taken = not self._queue and self._peer is not None and self._outstanding(self._peer) == 0
        return all_taken or time.monotonic() - progressed > self._patience_s

    def _step(self) -> bool:
        """Hears grants and sends a frame; False when there was nothing to do."""
        if not self._queue:
            self._introduce(self._stream)
        waiting_for_frames = self._may_send() and (self._queue or self._end is None)
        heard = self._hear(0.0 if waiting_for_frames else _POLL_S)
        item = self._next() if self._may_send() else None
        if item is None:
            return heard
        self._deliver(*item)
        return True

    def _may_send(self) -> bool:
        return self._peer is not None and self._peer.may_send

    def _next(self) -> tuple[Parts | None, Parts] | None:
        with self._changed:
            if not self._queue and self._end is None:
                self._changed.wait(_POLL_S)
            item = self._queue.popleft() if self._queue else None
            self._changed.notify_all()
            return item

    def _deliver(self, stream: Parts | None, parts: Parts) -> None:
        self._introduce(stream)
        if self._send(parts) and self._peer is not None:
            self._peer.sent += 1
        else:
            self.ledger.drop("consumer gone")

    def _introduce(self, stream: Parts | None) -> None:
        """Tells the consumer what stream the next frames belong to, unless it knows."""
        if self._peer is not None and stream is not None and stream is not self._peer.stream:
            self._peer.stream = stream
            self._send(stream)

    def _send(self, parts: Parts) -> bool:
        """Sends to the consumer; False, and there is none any more, when it has gone."""
        if self._peer is None:
            return False
        try:
            self._socket.send_multipart([self._peer.identity, *parts], copy=False)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._forget_peer()
            return False
        return True

    def _hear(self, timeout_s: float) -> bool:
        heard = False
        while self._socket.poll(0 if heard else int(timeout_s * 1000)):
            identity, *grant = self._socket.recv_multipart()
            if len(grant) == 1 and len(grant[0]) == _GRANT.size:
                self._grant(identity, *_GRANT.unpack(grant[0]))
                heard = True
        return heard

    def _grant(self, identity: bytes, taken: int, room: int) -> None:
        if self._peer is None or self._peer.identity != identity:
            if room == 0 and taken > 0:
                return  # the goodbye of a consumer that has been replaced already
            self._forget_peer()
            self._peer = _Peer(identity, taken, taken, room)
        self.ledger.deliver(max(0, taken - self._peer.taken))
        self._peer.taken, self._peer.room = taken, room
        if room > 0:
            self._asked.set()

    def _forget_peer(self) -> None:
        if self._peer is not None:
            self.ledger.drop("consumer gone", self._outstanding(self._peer))
        self._peer = None

    def _say_goodbye(self) -> None:
        if self._end is not None:
            self._send(self._end)

    def _count_the_rest(self) -> None:
        with self._changed:
            self.ledger.drop("never asked for", len(self._queue))
            self._queue.clear()
        self._forget_peer()

    @staticmethod
    def _outstanding(peer: _Peer) -> int:
        return peer.sent - (peer.taken - peer.taken_before)


class PullEdge:
    """The consumer's end. Connects whether or not the producer is there yet; use from one thread.

    Raises:
        EdgeError: the endpoint is not on loopback.
    """

    def __init__(self, edge: Edge, context: zmq.Context[zmq.Socket[bytes]], abort: threading.Event) -> None:
        self.edge = edge
        self.refused = Ledger()
        self._abort = abort
        self._taken = 0
        self._room = edge.window
        self._granted = (-1, -1)
        self._granted_at = 0.0
        self.socket = _connect(context, edge.endpoint)

    def describe(self) -> Stream | End:
        """Waits for the description of the stream without asking for frames yet; `End` when it never began.

        Raises:
            Aborted: the run was aborted.
        """
        self._room = 0
        message = self.pull()
        self._room = self.edge.window
        if not isinstance(message, (Stream, End)):
            raise RuntimeError(f"{self.edge.name}: a frame came before it was asked for")
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
            self._ask()
            if self.socket.poll(self.wait_ms(deadline)):
                message = self._take()
                if message is not None:
                    return message
            elif deadline is not None and time.monotonic() >= deadline:
                return None

    def close(self) -> None:
        """Acknowledges what was taken and disconnects."""
        self._grant(0)
        self.socket.close(linger=500)

    def _ask(self) -> None:
        now = time.monotonic()
        wanted = (self._taken, self._room)
        outdated = self._granted != wanted or now - self._granted_at > _REPEAT_GRANT_S
        if outdated and self._grant(self._room):
            self._granted, self._granted_at = wanted, now

    def _grant(self, room: int) -> bool:
        """Tells the producer how many more frames to send; False while there is no producer."""
        try:
            self.socket.send(_GRANT.pack(self._taken, room), zmq.NOBLOCK)
        except zmq.Again:
            return False
        return True

    def wait_ms(self, deadline: float | None = None) -> int:
        """How long to poll before it is time to ask again."""
        slice_s = _POLL_S if self._granted == (self._taken, self._room) else _CONNECTING_S
        remaining_s = slice_s if deadline is None else max(0.0, deadline - time.monotonic())
        return int(min(slice_s, remaining_s) * 1000)

    def _take(self) -> Message | None:
        frames = self.socket.recv_multipart(copy=False)
        try:
            message = decode([frame.buffer for frame in frames])
        except WireError as error:
            self._refuse(error)
            return None
        if isinstance(message, Frame):
            self._taken += 1
        return message

    def _refuse(self, error: WireError) -> None:
        self._taken += 1
        if error.reason not in self.refused.counts().dropped:
            _log.warning("%s: refused a %s", self.edge.name, error)
        self.refused.lose(error.reason)


def pull_all(edges: Sequence[PullEdge]) -> Iterator[tuple[PullEdge, Message]]:
    """The messages of several edges as they come, each with its edge; never ends by itself.

    Raises:
        Aborted: the run was aborted.
    """
    poller = zmq.Poller()
    for edge in edges:
        poller.register(edge.socket, zmq.POLLIN)
    while True:
        for edge in edges:
            message = edge.pull(0.0)
            if message is not None:
                yield edge, message
        poller.poll(min(edge.wait_ms() for edge in edges))


def check_endpoint(endpoint: str) -> None:
    """Refuses what is not on this machine.

    Raises:
        EdgeError: not an inproc, ipc or tcp endpoint, or a tcp address that others can reach.
    """
    scheme, _, address = endpoint.partition("://")
    if scheme not in ("inproc", "ipc", "tcp") or not address:
        raise EdgeError(f"endpoint {endpoint!r} is none of inproc://NAME, ipc://PATH, tcp://HOST:PORT")
    host = address.rpartition(":")[0]
    if scheme == "tcp" and host not in ("127.0.0.1", "localhost", "[::1]"):
        raise EdgeError(
            f"endpoint {endpoint!r} is not on loopback; other addresses need encryption keys, which this version "
            "does not support yet. Use tcp://127.0.0.1:PORT, through an SSH tunnel where the stages are apart"
        )


def _bind(context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
    check_endpoint(endpoint)
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close(linger=0)
        raise EdgeError(f"cannot bind {endpoint}: {error.strerror}; is another run using it?") from error
    return socket


def _remove_socket_file(endpoint: str) -> None:
    if endpoint.startswith("ipc://"):
        Path(endpoint.removeprefix("ipc://")).unlink(missing_ok=True)


def _connect(context: zmq.Context[zmq.Socket[bytes]], endpoint: str) -> zmq.Socket[bytes]:
    check_endpoint(endpoint)
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_PAYLOAD_BYTES)
    socket.setsockopt(zmq.RECONNECT_IVL, 50)
    socket.connect(endpoint)
    return socket
