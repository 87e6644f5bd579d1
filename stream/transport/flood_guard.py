"""Whoever sends a socket that binds a message without end is cut off: libzmq keeps all its parts until the last."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from operator import itemgetter
from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit

import zmq

from sonolucent.stream.transport.byte_clock import ByteClock
from sonolucent.stream.transport.monitored_socket import MonitoredSocket

GUARD_EVENTS = zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED
_LOOK_S = 0.1
_WAITING = 8
"""Messages of a peer that may wait to be read, beside the one that comes."""
_TOGETHER = 2
"""So many times what one may send is what all may send: libzmq keeps many times as much, and they may be a crowd."""
_MOST = 512
"""Connections, however many descriptors there are: to look at one takes some 20 us, ten times a second."""
_SIGNS_BYTES_PER_S = 1024
"""More than greetings and signs of life take, which libzmq reads by itself."""
_SIGNS_BYTES = 1 << 20
"""Of all together: days of them, from those of whom nothing else comes. What drips is else no flood for anyone."""
_SIGNS_AT_ONCE = 1024
_SIGNS_AMONG_READ_BYTES_PER_S = 64
"""What of that comes between messages, of which no more is forgotten: a flood may stand behind what is read."""
_ENCRYPTED_BYTES = 33
"""What CURVE adds to a part."""
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Speaker:
    """A connection; how many of its bytes are known to be read, since when, and how many of messages since."""

    clock: ByteClock
    since_s: float
    n_bytes: int = 0
    n_read: int = 0


class FloodGuard:
    """Watches the connections of one socket; to be made before it is bound, and used from its thread.

    Args:
        socket: tells of `GUARD_EVENTS`.
        largest_message: how many bytes a message to it has at most.

    Attributes:
        speaker: whose message was received last; None where it came from within the process.
    """

    def __init__(self, socket: MonitoredSocket, largest_message: int) -> None:
        self._socket, self._largest_message = socket, largest_message
        self._peers: dict[int | None, Speaker] = {}
        self.speaker: Speaker | None = None
        self._looked_s, self._told = 0.0, set[str]()
        descriptors = getrlimit(RLIMIT_NOFILE)[0]
        self._most = _MOST if descriptors == RLIM_INFINITY else min(_MOST, descriptors // 2)
        socket.setsockopt(zmq.RCVHWM, _WAITING)

    def receive(self) -> list[bytes] | None:
        """The parts of the message that has waited longest; None where there is none after all.

        A REP says that it has one, looks at it, and throws it away where it is no request.
        """
        try:
            frames = self._socket.recv_multipart(zmq.NOBLOCK, copy=False)
        except zmq.Again:
            return None
        if (connection := _connection_of(frames[0])) not in self._peers:
            self._hear_all()
        self.speaker = self._peers.get(connection)
        if self.speaker is not None:
            self.speaker.n_read += self._on_the_wire(frames)
        return [frame.bytes for frame in frames]

    def is_there(self, speaker: Speaker | None) -> bool:
        """Whether its connection stands still."""
        return speaker in self._peers.values()

    def tend(self) -> None:
        """Hears who came and went, and looks; to be called ten times a second, or more often."""
        self._hear_all()
        self.look()

    def hear(self, event: int, descriptor: int) -> None:
        """Hears of a connection that begins or ends."""
        if event == zmq.EVENT_ACCEPTED:
            self._peers[descriptor] = Speaker(ByteClock(descriptor), time.monotonic())
        elif event == zmq.EVENT_DISCONNECTED:
            self._peers.pop(descriptor, None)

    def look(self) -> None:
        """Cuts off whoever has sent more than messages to this socket have."""
        now_s = time.monotonic()
        if now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        if len(self._peers) > self._most:
            self._thin_out(len(self._peers) - self._most)
        allowed, waiting = (1 + _WAITING) * self._largest_message, list[tuple[int, Speaker]]()
        for peer in self._peers.values():
            unread = self._unread(peer, now_s)
            if unread > allowed + _SIGNS_BYTES_PER_S * (now_s - peer.since_s):
                self._end_flood(peer)
            else:
                waiting.append((unread, peer))
        waiting.sort(key=itemgetter(0))
        together = sum(unread for unread, _ in waiting)
        while together > _TOGETHER * allowed + _SIGNS_BYTES:
            unread, peer = waiting.pop()
            together -= unread
            self._end_flood(peer)

    def _thin_out(self, excess: int) -> None:
        """Cuts off so many, for all else that this process opens needs descriptors too: first who says nothing, those
        that had the longest time for it, then the latest."""
        silent, speaking = list[Speaker](), list[Speaker]()
        for peer in self._peers.values():
            (speaking if peer.clock.n_bytes() else silent).append(peer)
        for peer in [*silent, *reversed(speaking)][:excess]:
            peer.clock.cut_off()
        self._tell(f"cut off whoever is beyond {self._most} connections; no stream needs so many")

    def _hear_all(self) -> None:
        for event, value in self._socket.events():
            self.hear(event, value)

    def _on_the_wire(self, frames: list[zmq.Frame]) -> int:
        """How many bytes a message took, to the byte: a stream is many of them."""
        around = _ENCRYPTED_BYTES if self._socket.getsockopt(zmq.MECHANISM) == zmq.CURVE else 0
        kind = self._socket.type
        # A ROUTER puts the peer's name in front; a REP takes an empty part away.
        parts = [*([0] if kind == zmq.REP else []), *map(len, frames[kind == zmq.ROUTER :])]
        return sum(around + n + (9 if around + n > 255 else 2) for n in parts)

    def _unread(self, peer: Speaker, now_s: float) -> int:
        """Bytes that it has sent beyond what was read."""
        unread = max(0, peer.clock.n_bytes() - peer.n_bytes)
        if peer.n_read:
            signs = min(_SIGNS_AT_ONCE, int(_SIGNS_AMONG_READ_BYTES_PER_S * (now_s - peer.since_s)))
            read = min(unread, peer.n_read + signs)
            peer.n_bytes, peer.since_s, peer.n_read = peer.n_bytes + read, now_s, 0
            unread -= read
        # A good one that has just come may have sent much that nobody had time to read.
        return 0 if now_s - peer.since_s < _LOOK_S else unread

    def _end_flood(self, peer: Speaker) -> None:
        peer.clock.cut_off()
        self._tell(
            "cut off whoever sends a message without end; messages to this port have "
            f"{self._largest_message} bytes at most. It is no part of a stream, or its program is broken"
        )

    def _tell(self, what: str) -> None:
        if what not in self._told:
            self._told.add(what)
            _log.warning("%s: %s", self._socket.getsockopt_string(zmq.LAST_ENDPOINT), what)


def _connection_of(frame: zmq.Frame) -> int | None:
    """The descriptor over which it came; None where it came from within the process."""
    try:
        return int(frame.get(zmq.SRCFD))
    except zmq.ZMQError:
        return None
