"""The producer's end of an edge: what is pushed waits until the consumer asks for it, and all is counted."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from dataclasses import replace

from sonolucent.stream.ledger import NO_LONGER_ASKED_FOR, EdgeCounts, Ledger
from sonolucent.stream.messages import Channels, End, Message, Stream
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.edge import POLL_S, Aborted, Edge
from sonolucent.stream.transport.send_queue import SendQueue
from sonolucent.stream.transport.wire import encode


class Producer(ABC):
    """The producer's end, however frames cross. `push` from one thread.

    Attributes:
        ledger: of the frames that were pushed.
        refused: messages of whoever takes them that made no sense.
    """

    def __init__(self, edge: Edge, abort: threading.Event) -> None:
        self.edge = edge
        self.ledger = Ledger()
        self.refused = Ledger()
        self._abort = abort
        self._queue = SendQueue(edge, self.ledger, abort)
        self._end: Parts | None = None
        self._asked = threading.Event()
        self._wanted = threading.Event()

    def push(self, message: Message) -> None:
        """Offers a message to the consumer.

        Raises:
            Aborted: the run was aborted.
            Exception: what the edge's thread failed with, such as descriptors that are all in use.
        """
        if isinstance(message, Stream):
            self._queue.describe(encode(message))
            return
        if isinstance(message, End):
            self._end = encode(message)
            return
        if self.edge.on_demand and not self._wanted.is_set():
            return
        if isinstance(message, Channels) and message.ahead:
            self._queue.put_ahead(message.frame_id, encode(message))
            return
        self.ledger.acquire()
        parts = encode(replace(message, trail=message.trail.crossed(self.edge.name, self.ledger.counts())))
        self._queue.put(parts)

    def wait_for_consumer(self, timeout_s: float) -> bool:
        """Waits until the consumer asks for a frame, or has taken some before; False when it has not in `timeout_s`.

        Raises:
            Aborted: the run was aborted.
        """
        deadline = time.monotonic() + timeout_s
        while not self._asked.wait(POLL_S):
            self._queue.require_taker()
            if self._abort.is_set():
                raise Aborted(self.edge.name)
            if time.monotonic() > deadline:
                return False
        return True

    @abstractmethod
    def close(self, patience_s: float = 5.0) -> EdgeCounts:
        """Waits while the consumer still takes frames (at most `patience_s` without progress), then ends the edge.

        Raises:
            Exception: what the edge's thread failed with.
        """

    def _no_more(self) -> None:
        """Nothing will be pushed any more."""
        if self._end is None:
            self._end = encode(End(self.ledger.counts().acquired))
        self._queue.close()

    def _hear_whether_wanted(self, wanted: bool) -> None:
        if self.edge.on_demand and self._wanted.is_set() != wanted:
            # What waits was asked for before, or is the one that was pushed at the very moment of the change.
            self._wanted.clear()
            self.ledger.drop(NO_LONGER_ASKED_FOR, self._queue.clear())
        if wanted:
            self._asked.set()
            self._wanted.set()

    def _count_what_waits(self) -> None:
        self.ledger.drop("never asked for", self._queue.clear())
