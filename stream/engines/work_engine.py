"""What every engine offers, and what it is given: a workshop, whose benches do units of work wherever it sends them."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Protocol, Self, TypeVar

import msgspec


class Numbered(Protocol):
    """A unit of work, as far as an engine looks at it."""

    @property
    def number(self) -> int:
        """Within the run."""


class Lost(msgspec.Struct, frozen=True):
    """What comes back of a unit whose process was lost.

    Args:
        number: of the unit.
        why: in a sentence.
    """

    number: int
    why: str


Work = TypeVar("Work", bound=Numbered)
Work_contra = TypeVar("Work_contra", bound=Numbered, contravariant=True)
Outcome_co = TypeVar("Outcome_co", covariant=True)
Made = TypeVar("Made")


class Bench(Protocol[Work_contra, Outcome_co]):
    """Does units in one process; what they share stays warm there."""

    def do(self, unit: Work_contra) -> Outcome_co:
        """Does a unit."""


class Workshop(Protocol[Work_contra, Outcome_co]):
    """Has benches made where the work is done; units, outcomes and it are pickled on their way there and back."""

    @property
    def needs_gpu(self) -> bool:
        """Whether each bench works on a GPU."""

    def bench(self, threads: int) -> Bench[Work_contra, Outcome_co]:
        """A new one, whose work so many threads share."""


class WorkEngine(Protocol[Work_contra, Outcome_co]):
    """Does units of work somewhere; within a `with` block, at whose end nothing of it is left.

    A unit whose process is lost comes back as `Lost`; who asked for it decides whether it is done again.
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

    def submit(self, unit: Work_contra) -> None:
        """Takes a unit."""

    def next_outcome(self) -> Outcome_co | Lost:
        """Waits for the next of the units to end, in whatever order they do."""

    def __enter__(self) -> Self:
        """Starts what works."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Ends it, at once."""


def bench_in_worker(workshop: Workshop[Work, Made], threads: int) -> Bench[Work, Made]:
    """A bench in a process of its own, which logs no warnings: what users must know comes back with the outcomes."""
    logging.getLogger("sonolucent").setLevel(logging.ERROR)
    return workshop.bench(threads)
