"""Sinks: where frames end up. A sink opens with the stream's description, takes frames, and closes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sonolucent.stream.config import Config
from sonolucent.stream.frames import Frame, Stream
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.timing import Timing


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
    """What the pipeline asks of a sink."""

    def write(self, frame: Frame) -> None: ...
    def close(self, edges: dict[str, EdgeCounts]) -> Ended: ...


class Headless:
    """Takes frames and does nothing: the pipeline measures."""

    def write(self, frame: Frame) -> None:
        pass

    def close(self, edges: dict[str, EdgeCounts]) -> Ended:
        return Ended()


def headless(config: Config, stream: Stream, timing: Timing) -> Sink:
    return Headless()


def recorder(config: Config, stream: Stream, timing: Timing) -> Sink:
    from sonolucent.stream.sinks.recorder import Recorder

    return Recorder(config, stream)


def viewer(config: Config, stream: Stream, timing: Timing) -> Sink:
    from sonolucent.stream.viewer import Viewer

    return Viewer(config, stream, timing)


MAKERS: dict[str, Callable[[Config, Stream, Timing], Sink]] = {
    "headless": headless,
    "recorder": recorder,
    "viewer": viewer,
}
