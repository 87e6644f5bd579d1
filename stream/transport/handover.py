"""Edges between threads of one process: frames are handed over as they are, without a socket and without a thread.

Who pushes wakes who takes, and is woken by it where it waits for room. Nothing else runs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from sonolucent.stream.ledger import CONSUMER_GONE, EdgeCounts
from sonolucent.stream.messages import Message
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.credit import Parts
from sonolucent.stream.transport.edge import POLL_S, Aborted, Edge
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.send_queue import Item
from sonolucent.stream.transport.wire import decode
from sonolucent.stream.transport.wire_header import WireError

_LOOK_S = 0.005
"""How often an edge that ends looks whether its last frames were taken."""


class ThreadEnds:
    """Both ends of every edge of a pipeline whose stages are threads of this process."""

    def __init__(self, edges: Sequence[Edge], abort: threading.Event) -> None:
        self._abort = abort
        takers = {edge.consumer: Taker() for edge in edges}
        self._producers = {edge: HandingProducer(edge, abort, takers[edge.consumer]) for edge in edges}

    def producer(self, edge: Edge) -> HandingProducer:
        return self._producers[edge]

    def consumer(self, edge: Edge) -> TakingConsumer:
        return TakingConsumer(self._producers[edge], self._abort)


class Taker:
    """What all edges to one stage share.

    Attributes:
        came: wakes it.
        is_at_work: whether it has been given something and has not come back.
    """

    def __init__(self) -> None:
        self.came = threading.Event()
        self.is_at_work = False


class HandingProducer(Producer):
    """The producer's end, which hands out what the other end asks for."""

    def __init__(self, edge: Edge, abort: threading.Event, taker: Taker) -> None:
        super().__init__(edge, abort)
        self.taker = taker
        self._told: Parts | None = None
        self._drawn: Item | None = None
        """A frame whose stream had to be told first."""
        self._taking = threading.Lock()
        self._has_ended = False

    def push(self, message: Message) -> None:
        super().push(message)
        self.taker.came.set()

    def hand_out(self, wanted: bool) -> Parts | None:
        """What comes next: the description that the next frame belongs to, the frame where it is wanted, the end.

        Who asks is done with what it was given before.
        """
        with self._taking:
            self._hear_whether_wanted(wanted)
            given = self._next(wanted)
            self.taker.is_at_work = given is not None
            return given

    def leave(self) -> None:
        """The other end takes nothing any more, and nobody comes in its place."""
        with self._taking:
            self._lose_what_was_drawn()
            self._queue.abandon()

    def close(self, patience_s: float = 5.0) -> EdgeCounts:
        self._no_more()
        self.taker.came.set()
        left, moved = self._waiting, time.monotonic()
        while (waiting := self._waiting) and self._may_still_be_wanted:
            # A stage may work on a frame for as long as it takes: here it is certain that it still does.
            if self.taker.is_at_work or waiting < left:
                left, moved = waiting, time.monotonic()
            if time.monotonic() - moved > patience_s:
                break
            time.sleep(_LOOK_S)
        with self._taking:
            self._lose_what_was_drawn()
            self._count_what_waits()
        self.taker.came.set()
        return self.ledger.counts()

    def _next(self, wanted: bool) -> Parts | None:
        item = self._drawn or (self._queue.get(wait_s=0.0) if wanted else None)
        stream = self._queue.stream if item is None else item.stream
        if stream is not None and stream is not self._told:
            self._told, self._drawn = stream, item
            return stream
        self._drawn = None
        if item is not None:
            self.ledger.deliver(not item.is_ahead)
            return item.parts
        if self._queue or self._has_ended or self._end is None:
            return None
        self._has_ended = True
        return self._end

    def _lose_what_was_drawn(self) -> None:
        if self._drawn is not None and not self._drawn.is_ahead:
            self.ledger.drop(CONSUMER_GONE)
        self._drawn = None

    @property
    def _waiting(self) -> int:
        return len(self._queue) + (self._drawn is not None)

    @property
    def _may_still_be_wanted(self) -> bool:
        return not self._abort.is_set() and (self._wanted.is_set() or not self.edge.on_demand)


class TakingConsumer(Consumer):
    """The consumer's end, which takes from the producer's what it wants."""

    def __init__(self, producer: HandingProducer, abort: threading.Event) -> None:
        super().__init__(producer.edge, abort, window=1)
        self._producer, self._came = producer, producer.taker.came

    def pull(self, timeout_s: float | None = None) -> Message | None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            if self._abort.is_set():
                raise Aborted(self.edge.name)
            parts = self._producer.hand_out(self._wanted_room > 0)
            if parts is not None and (message := self._decoded(parts)) is not None:
                return message
            if deadline is not None and time.monotonic() >= deadline:
                return None
            if parts is None:
                self._nap(POLL_S if deadline is None else min(POLL_S, deadline - time.monotonic()))

    @classmethod
    def waiting(cls, consumers: Sequence[Consumer]) -> Callable[[], object]:
        mine = [consumer for consumer in consumers if isinstance(consumer, cls)]
        return lambda: mine[0]._nap(POLL_S)

    def close(self) -> None:
        self._producer.leave()

    def _nap(self, at_most_s: float) -> None:
        """Until something has come to this stage; whoever wakes looks for it."""
        self._came.wait(at_most_s)
        self._came.clear()

    def _decoded(self, parts: Parts) -> Message | None:
        try:
            message = decode(parts)
        except WireError as error:
            self._refuse(error)
            return None
        self._count(message)
        return message
