"""The consumer's end of an edge: asks for frames, takes them, refuses what is none."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

from sonolucent.stream.ledger import Ledger
from sonolucent.stream.messages import Channels, End, Frame, Message, Stream
from sonolucent.stream.transport.edge import Edge
from sonolucent.stream.transport.wire_header import WireError

_log = logging.getLogger(__name__)


class Consumer(ABC):
    """The consumer's end, however frames cross; use from one thread.

    Args:
        window: frames that it asks for at a time.

    Attributes:
        refused: what came and was no frame, or not asked for.
        taken_before: frames that a process took that was here before.
        wanted: whether to ask for frames now, on an edge that passes on what is asked for.
    """

    def __init__(self, edge: Edge, abort: threading.Event, window: int) -> None:
        self.edge = edge
        self.refused = Ledger()
        self.taken_before = 0
        self.wanted: Callable[[], bool] = _always
        self._abort = abort
        self._taken = 0
        self._window = self._room = window

    @property
    def taken(self) -> int:
        """How many frames were taken here, also by a process that was here before."""
        return self.taken_before + self._taken

    def describe(self) -> Stream | End:
        """Waits for the description of the stream without asking for frames yet; `End` when it never began.

        Frames that come before were not asked for, and are refused.

        Raises:
            Aborted: the run was aborted.
        """
        self._room = 0
        while not isinstance(message := self.pull(), (Stream, End)):
            self.refused.lose("before the stream's description")
        self._room = self._window
        return message

    @abstractmethod
    def pull(self, timeout_s: float | None = None) -> Message | None:
        """The next message, or None after `timeout_s` (None: wait for ever).

        Raises:
            Aborted: the run was aborted.
        """

    @classmethod
    @abstractmethod
    def waiting(cls, consumers: Sequence[Consumer]) -> Callable[[], object]:
        """What waits until something may have come to one of several consumers of this kind, or for a moment."""

    @abstractmethod
    def close(self) -> None:
        """Acknowledges what was taken and disconnects."""

    @property
    def _wanted_room(self) -> int:
        return self._room if self.wanted() else 0

    def _count(self, message: Message) -> None:
        if isinstance(message, Frame) and not (isinstance(message, Channels) and message.ahead):
            self._taken += 1

    def _refuse(self, error: WireError) -> None:
        # A frame that went with its producer was lost with it; everything else was taken, and is of no use.
        self._taken += error.reason != "gone"
        if error.reason not in self.refused.counts().dropped:
            _log.warning("%s: refused a %s", self.edge.name, error)
        self.refused.lose(error.reason)


def pull_all(consumers: Sequence[Consumer]) -> Iterator[tuple[Consumer, Message]]:
    """The messages of several edges of one kind as they come, each with whom it came to; never ends by itself.

    Raises:
        Aborted: the run was aborted.
    """
    wait = consumers[0].waiting(consumers)
    while True:
        came = False
        for consumer in consumers:
            message = consumer.pull(0.0)
            if message is not None:
                came = True
                yield consumer, message
        # While a frame was worked on nobody asked for the next one, which `pull` does: sleep only when all have asked.
        if not came:
            wait()


def _always() -> bool:
    return True
