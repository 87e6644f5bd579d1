"""What the pipeline asks of a source: a description of the stream, and its frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.transport.edge import Edge

SCANNER = Edge("scanner", "source")
"""Where frames that never reached the program are counted; none crosses it by the pipeline's own means."""


def _nothing() -> None:
    """For sources that have nothing to prepare."""


@dataclass(frozen=True)
class Source:
    """Frames of one stream, whole ones, in order; pacing and counting are done around it.

    Args:
        stream: what they have in common.
        frames: the frames; ends when the source has no more.
        losses: frames that were acquired but never reached the program, or not whole.
        refused: messages that the program could not use.
        description: what it is, in a few words.
        preparation: what the first frame would otherwise wait for.
    """

    stream: Stream
    frames: Iterator[Channels]
    losses: Ledger = field(default_factory=Ledger)
    refused: Ledger = field(default_factory=Ledger)
    description: str = ""
    preparation: Callable[[], object] = _nothing

    def warm_up(self) -> None:
        """Makes the first frame come as quickly as the others."""
        self.preparation()

    def describe(self) -> str:
        """What it is, in one line."""
        n_tx, n_rx, n_samples = self.stream.acquisition.shape
        rate = "as fast as they are taken" if self.stream.frame_rate_hz is None else f"{self.stream.frame_rate_hz:g} Hz"
        return f"{self.description or 'plug-in'}: {n_tx} x {n_rx} x {n_samples} {self.stream.dtype}, {rate}"


SourceOpener = Callable[[Config, Event, JournalEntry], Source]
"""Opens a source that ends soon after the event is set, and goes on behind the journal of one that was killed."""
