"""What the pipeline asks of a source: a description of the stream, and its frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.control.orders import Order, Play, Tell, Told
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Frame, Stream
from sonolucent.stream.sources.playback import Playback
from sonolucent.stream.transport.edge import Edge

SCANNER = Edge("scanner", "source")
"""Where frames that never reached the program are counted; none crosses it by the pipeline's own means."""


class NeverBegan(ConfigError):
    """The run was stopped before the source knew its stream."""


def _nothing() -> None:
    """For sources that have nothing to prepare."""


@dataclass(frozen=True)
class Source:
    """Frames of one stream, whole ones, in order; counting is done around it.

    Args:
        stream: what they have in common.
        frames: the frames; ends when the source has no more.
        losses: frames that were acquired but never reached the program, or not whole.
        refused: messages that the program could not use.
        description: what it is, in a few words.
        warnings: what is odd about the data, a sentence each; the run's report repeats them.
        preparation: what the first frame would otherwise wait for.
        of_images: the frames are images, made with the settings of the stream, not channel data.
        playback: where it is a replay: what it is told to do.
    """

    stream: Stream
    frames: Iterator[Frame]
    losses: Ledger = field(default_factory=Ledger)
    refused: Ledger = field(default_factory=Ledger)
    description: str = ""
    warnings: tuple[str, ...] = ()
    preparation: Callable[[], object] = _nothing
    of_images: bool = False
    playback: Playback | None = None

    def warm_up(self) -> None:
        """Makes the first frame come as quickly as the others."""
        self.preparation()

    def obey(self, order: Order) -> bool | Told:
        """Carries out an order of the control channel, on another thread; False where it has nothing to do with it.

        Raises:
            ConfigError: it cannot be done.
        """
        if isinstance(order, Play) and self.playback is not None:
            self.playback.obey(order.request)
        elif not isinstance(order, Tell):
            return False
        return Told(replay=None if self.playback is None else self.playback.state(), warnings=self.warnings)

    def describe(self) -> str:
        """What it is, in one line."""
        if self.of_images:
            return f"{self.description}: images of {self.stream.grid.n_z} x {self.stream.grid.n_x}"
        n_tx, n_rx, n_samples = self.stream.acquisition.shape
        rate = "as fast as they are taken" if self.stream.frame_rate_hz is None else f"{self.stream.frame_rate_hz:g} Hz"
        return f"{self.description or 'plug-in'}: {n_tx} x {n_rx} x {n_samples} {self.stream.dtype}, {rate}"


SourceOpener = Callable[[Config, Event, JournalEntry], Source]
"""Opens a source that ends soon after the event is set, and goes on behind the journal of one that was killed."""
