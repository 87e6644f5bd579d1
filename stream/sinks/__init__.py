"""Sinks: where frames end up. A sink opens with the stream's description, takes frames, and closes."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame, Stream


@dataclass(frozen=True)
class Ended:
    """What a sink has to say when it has closed.

    Args:
        edges: the counts of the edges behind it.
        lost: the ids of the frames that were lost there, (first, last) of each run of them, by the kind of frame.
    """

    edges: dict[str, EdgeCounts] = field(default_factory=dict)
    lost: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


class Sink(Protocol):
    """What the pipeline asks of a sink; `recorded` are the files that it, and the processes before it, have written.

    `counts` are those of the edges behind it, so far.
    """

    recorded: tuple[str, ...]

    def write(self, frame: Frame) -> None: ...
    def counts(self) -> dict[str, EdgeCounts]: ...
    def close(self, edges: dict[str, EdgeCounts]) -> Ended: ...


Opener = Callable[[Config, Stream, Timing, StageReport], Sink]

_MODULES = {
    "headless": "sonolucent.stream.sinks.headless",
    "recorder": "sonolucent.stream.sinks.recorder",
    "viewer": "sonolucent.stream.viewer",
}


def find(name: str) -> Opener:
    """What opens the sink of that name, and goes on from the report of a process that was killed; imports it."""
    opener: Opener = importlib.import_module(_MODULES[name]).open_sink
    return opener
