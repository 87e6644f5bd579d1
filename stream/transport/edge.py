"""Edges: how frames cross from one stage to the next, between threads of a process, or between sockets.

The consumer asks for frames and the producer keeps what has not been asked for, as the edge's policy says. So a slow
consumer never holds frames up on their way, every loss happens in one place, and it is counted there. `push` never
waits, except on a `lossless` edge that is full.

Between sockets (inproc, ipc, tcp) the consumer grants credit, and a thread of the edge sends. The grant is cumulative
(frames taken so far, frames it has room for), so that repeating it is harmless and either side may be restarted.
Between threads the consumer takes what it wants (`handover.py`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from sonolucent.stream.transport.curve import Keys

Policy = Literal["latest", "drop_oldest", "lossless"]

GRANT = struct.Struct("<QI")
INQUIRY = b"?"
"""Of a consumer to which nothing comes: the description of the stream once more, to see whether messages pass."""
GOODBYE = 2**32 - 1
"""The room of a consumer that has heard the end, or takes no more. One that has none may ask for some yet."""
POLL_S = 0.1


class Aborted(Exception):
    """The run was aborted while an edge was waiting."""


@dataclass(frozen=True)
class Edge:
    """One arrow of the pipeline: who passes frames to whom.

    Args:
        producer, consumer: the names of its two ends.
        policy: what becomes of frames that the consumer has not asked for: the newest is kept, the oldest dropped, or
            the producer waits.
        bound: frames that may wait.
        on_demand: frames are passed on, and counted, only while the consumer asks for some.
        awaited: the producer begins when the consumer has asked for a frame, or taken some before.
    """

    producer: str
    consumer: str
    policy: Policy = "lossless"
    bound: int = 4
    on_demand: bool = False
    awaited: bool = True

    @property
    def name(self) -> str:
        return f"{self.producer}>{self.consumer}"


@dataclass(frozen=True)
class Place:
    """Where the two ends of an edge meet.

    Args:
        endpoint: inproc://NAME, ipc://PATH or tcp://HOST:PORT.
        keys: of an encrypted tcp endpoint.
        lent_from: payloads of at least so many bytes are lent through shared memory, to a process of the same machine
            and user; None: all are sent.
    """

    endpoint: str
    keys: Keys | None = None
    lent_from: int | None = None


def window(edge: Edge, place: Place) -> int:
    """Frames the consumer asks for: the next one, and another ahead where waiting for it would cost time.

    A frame asked for ahead grows old in the consumer's hands, so a live stage asks for none that is passed on within
    its own process.
    """
    live_in_process = edge.policy == "drop_oldest" and place.endpoint.startswith("inproc:")
    return 1 if edge.policy == "latest" or live_in_process else 2
