"""What every engine offers."""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from sonolucent.stream.reprocessing.work import Outcome, Unit


class WorkEngine(Protocol):
    """Does units of work somewhere; within a `with` block, at whose end nothing of it is left.

    What works there writes drafts alone. A unit whose process is lost comes back as an outcome "lost".
    """

    @property
    def name(self) -> str:
        """As users know it."""

    @property
    def workers(self) -> int:
        """How many units are worked on at once."""

    @property
    def room(self) -> int:
        """How many units it would take now, so that no worker waits."""

    def submit(self, unit: Unit) -> None:
        """Takes a unit."""

    def next_outcome(self) -> Outcome:
        """Waits for the next of the units to end, in whatever order they do."""

    def __enter__(self) -> Self:
        """Starts what works."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends it, at once."""
