"""Frames that wait at the producer until the consumer asks for them, as many as the edge's policy allows."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple

from sonolucent.stream.ledger import CONSUMER_GONE, Ledger
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.edge import POLL_S, Aborted, Edge

_MOST_AHEAD = 512


class Item(NamedTuple):
    """An encoded frame, or shots ahead of one, with the description of its stream."""

    stream: Parts | None
    parts: Parts
    is_ahead: bool = False


class SendQueue:
    """A queue of encoded frames, each with the description of its stream, between a stage and the edge's thread."""

    def __init__(self, edge: Edge, ledger: Ledger, abort: threading.Event) -> None:
        self._edge, self._ledger, self._abort = edge, ledger, abort
        self._items: deque[Item] = deque()
        self._ahead: deque[Item] = deque(maxlen=_MOST_AHEAD)
        self._ahead_of: int | None = None
        self._bound = 1 if edge.policy == "latest" else edge.bound
        self._changed = threading.Condition()
        self._stream: Parts | None = None
        self._closed = self._is_abandoned = False
        self._failure: Exception | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def stream(self) -> Parts | None:
        """The stream that the next frame belongs to; a consumer may ask for it before it asks for frames."""
        with self._changed:
            return self._items[0][0] if self._items else self._stream

    def describe(self, stream: Parts) -> None:
        """Says what stream the frames to come belong to."""
        with self._changed:
            self._stream = stream
            self._changed.notify_all()

    def put(self, frame: Parts) -> None:
        """Adds a frame; it waits for room on a lossless edge, and drops older ones on others.

        Raises:
            Aborted: the run was aborted.
            Exception: what the edge's thread failed with.
        """
        with self._changed:
            self._make_room()
            if self._is_abandoned:
                self._ledger.drop(CONSUMER_GONE)
                return
            self._items.append(Item(self._stream, frame))
            self._changed.notify_all()

    def put_ahead(self, frame_id: int, shots: Parts) -> None:
        """Adds shots ahead of a frame. They are forgotten where frames before it still wait, or when the shots of
        another come: theirs never became whole."""
        with self._changed:
            if not self._items:
                if self._ahead_of != frame_id:
                    self._ahead.clear()
                self._ahead_of = frame_id
                self._ahead.append(Item(self._stream, shots, is_ahead=True))
                self._changed.notify_all()

    def get(self, wait_s: float = POLL_S) -> Item | None:
        """The oldest frame, or shots ahead of it; None if there is none for so long, or at once when no more will
        come."""
        with self._changed:
            if wait_s and not self._items and not self._ahead and not self._closed:
                self._changed.wait(wait_s)
            waiting = self._ahead or self._items
            item = waiting.popleft() if waiting else None
            self._changed.notify_all()
            return item

    def put_back(self, frame: Item) -> None:
        """Takes back the oldest frame; on an edge that drops frames, newer ones may have its place by now."""
        with self._changed:
            if self._edge.policy == "lossless" or len(self) < self._bound:
                self._items.appendleft(frame)
            else:
                self._ledger.drop(self._edge.policy)

    def close(self) -> None:
        """No more frames will come."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def fail(self, failure: Exception) -> None:
        """Nobody takes frames any more, and this is why."""
        with self._changed:
            self._failure = failure
            self._changed.notify_all()

    def abandon(self) -> None:
        """Nobody takes frames any more, and nobody else will: those that wait and those to come are lost."""
        with self._changed:
            self._is_abandoned = True
            self._ledger.drop(CONSUMER_GONE, len(self._items))
            self._items.clear()
            self._changed.notify_all()

    def require_taker(self) -> None:
        """Raises what the edge's thread failed with."""
        if self._failure is not None:
            raise self._failure

    def clear(self) -> int:
        """Forgets the frames; how many there were."""
        with self._changed:
            n_frames = len(self._items)
            self._items.clear()
            self._changed.notify_all()
            return n_frames

    @property
    def _must_wait(self) -> bool:
        nobody_comes = self._abort.is_set() or self._failure is not None or self._is_abandoned
        return self._edge.policy == "lossless" and len(self) >= self._bound and not nobody_comes

    def _make_room(self) -> None:
        while self._must_wait:
            self._changed.wait(POLL_S)
        self.require_taker()
        if self._abort.is_set():
            self._ledger.drop("aborted")
            raise Aborted(self._edge.name)
        while len(self) >= self._bound:
            self._items.popleft()
            self._ledger.drop(self._edge.policy)
