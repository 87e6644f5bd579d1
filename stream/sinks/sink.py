"""What the pipeline asks of a sink, which takes frames until it is closed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.config import Config
from sonolucent.stream.control.orders import Order, Told
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest
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
        open_file: the one of them that it is writing, or was when it was closed.
        training: what training on the stream has come to, of the sink that has that done.
    """

    recorded: tuple[str, ...] = ()
    open_file: str = ""
    training: LiveTraining | None = None

    def warm_up(self) -> None:  # noqa: B027 - most have nothing to do
        """Makes the first frame as quick to take as the others."""

    def describe(self) -> str:
        """What it does with frames, in one line."""
        return type(self).__name__

    def begin(self, stream: Stream) -> None:  # noqa: B027 - most take frames as they are
        """Frames from now on are those of this description: the same stream, its images made with other settings."""

    def obey(self, order: Order) -> bool | Told:
        """Carries out an order of the control channel, on another thread; False where it has nothing to do with it.

        Raises:
            BadInput: it cannot be done; everything stays as it is.
        """
        return False

    def wants(self, edge: Edge) -> bool:
        """Whether it takes the frames of an edge that passes on what is asked for."""
        return True

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

    def abandon(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Ends at once, where the run has failed or was aborted."""


SinkOpener = Callable[[Config, Stream, JournalEntry], Sink]
"""Opens a sink of that stream, which goes on behind the journal of one that was killed."""


class Asker(Protocol):
    """Asks the run's control channel, and waits so long for its answer; raises ControlError where it refuses."""

    def __call__(self, request: ControlRequest, timeout_s: float = ...) -> ControlAnswer: ...


def _none_restarted() -> dict[str, int]:
    return {}


def _nobody_waits() -> None:
    """For runs that cannot be asked."""


@dataclass(frozen=True)
class Run:
    """What a sink that looks beyond its own frames may ask of the run around it.

    Args:
        ask: asks its control channel; None where there is none.
        restarts: how often each stage was restarted.
        close: lets those go that wait for an answer.
    """

    ask: Asker | None = None
    restarts: Callable[[], dict[str, int]] = _none_restarted
    close: Callable[[], None] = _nobody_waits


class EarlySinkOpener(ABC):
    """Opens a sink that is there before its stream is, and hears of that by `begin`."""

    @abstractmethod
    def before_stream(self, config: Config, past: JournalEntry, run: Run) -> Sink:
        """A sink that waits for its stream to be described."""

    def __call__(self, config: Config, stream: Stream, past: JournalEntry) -> Sink:
        """A sink of that stream, as any other opener makes it."""
        sink = self.before_stream(config, past, Run())
        sink.begin(stream)
        return sink
