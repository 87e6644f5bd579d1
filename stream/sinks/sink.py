"""What the pipeline asks of a sink, which takes frames until it is closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Frame, Stream
from sonolucent.stream.transport.edge import Edge

DISK = Edge("recorder", "disk")
"""Where frames that were not recorded are counted; no frame crosses it by the pipeline's own means."""


@dataclass(frozen=True)
class SinkEnd:
    """What a sink has to say when it has closed.

    Args:
        edges: the counts of the edges behind it.
        lost: the ids of the frames that were lost there, (first, last) of each run of them, by the kind of frame.
    """

    edges: dict[str, EdgeCounts] = field(default_factory=dict)
    lost: dict[str, list[tuple[int, int]]] = field(default_factory=dict)


class Sink(ABC):
    """A sink; only `write` must be written, the rest has nothing to do unless it says so.

    Attributes:
        recorded: the files that it, and the processes before it, have written.
    """

    recorded: tuple[str, ...] = ()

    def warm_up(self) -> None:  # noqa: B027 - most have nothing to do
        """Makes the first frame as quick to take as the others."""

    def describe(self) -> str:
        """What it does with frames, in one line."""
        return type(self).__name__

    @abstractmethod
    def write(self, frame: Frame) -> None:
        """Takes one frame: an image. (The recorder alone is sent channel data too.)

        It may keep the frame, and must not write to its arrays: other sinks look at them too.
        """

    def counts(self) -> dict[str, EdgeCounts]:
        """The counts of the edges behind it, so far."""
        return {}

    def close(self, edges: dict[str, EdgeCounts]) -> SinkEnd:
        """Ends; `edges` are the counts of all edges on the way here, as they stood when the last frame left them."""
        return SinkEnd(self.counts())


SinkOpener = Callable[[Config, Stream, JournalEntry], Sink]
"""Opens a sink of that stream, which goes on behind the journal of one that was killed."""
