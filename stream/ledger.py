"""Every frame is accounted for: on each edge, acquired = delivered + dropped (where, why)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec

MOST = (1 << 63) - 1
"""Of any count, id or time: what recordings hold in 64 bits, signed."""
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
RESTARTED = "stage restarted"
CONSUMER_GONE = "consumer gone"
NO_LONGER_ASKED_FOR = "no longer asked for"


@dataclass(frozen=True)
class EdgeCounts:
    """The counts of one edge. What is neither delivered nor dropped is still in flight."""

    acquired: int = 0
    delivered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def in_flight(self) -> int:
        """Frames that are neither delivered nor dropped yet."""
        return self.acquired - self.delivered - sum(self.dropped.values())

    @property
    def balanced(self) -> bool:
        """Whether every acquired frame has been delivered or dropped, and no count was made up to fit."""
        return self.in_flight == 0 and min(self.acquired, self.delivered, *self.dropped.values()) >= 0


def summed(counts: Iterable[EdgeCounts]) -> EdgeCounts:
    """The counts of an edge that has been used several times."""
    total = EdgeCounts()
    for one in counts:
        dropped = {why: total.dropped.get(why, 0) + one.dropped.get(why, 0) for why in {**total.dropped, **one.dropped}}
        total = EdgeCounts(total.acquired + one.acquired, total.delivered + one.delivered, dropped)
    return total


def newest(known: Mapping[str, EdgeCounts], seen: Mapping[str, EdgeCounts]) -> dict[str, EdgeCounts]:
    """The counts of all edges; of an edge in both, the later ones: channel data overtake the images made of them."""
    later = {edge: counts for edge, counts in seen.items() if counts.acquired >= known.get(edge, counts).acquired}
    return {**known, **later}


class Ledger:
    """Counts the frames of one edge; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._acquired = 0
        self._delivered = 0
        self._dropped: dict[str, int] = {}

    def acquire(self, n: int = 1) -> None:
        """Frames were given to the edge."""
        with self._lock:
            self._acquired += n

    def deliver(self, n: int = 1) -> None:
        """Frames were taken by whom they are for."""
        with self._lock:
            self._delivered += n

    def drop(self, why: str, n: int = 1) -> None:
        """Frames were lost on the edge, and why in a few words."""
        if n:
            with self._lock:
                self._dropped[why] = self._dropped.get(why, 0) + n

    def lose(self, why: str, n: int = 1) -> None:
        """Frames that were acquired but never reached this program, such as a gap in `frame_id`."""
        self.acquire(n)
        self.drop(why, n)

    def carry_on(self, past: EdgeCounts) -> None:
        """Goes on from the counts of a process that was killed; what it had in flight went with it."""
        self.acquire(past.acquired)
        self.deliver(past.delivered)
        for why, n in past.dropped.items():
            self.drop(why, n)
        self.drop(RESTARTED, max(0, past.in_flight))

    def counts(self) -> EdgeCounts:
        """The counts as of now."""
        with self._lock:
            return EdgeCounts(self._acquired, self._delivered, dict(self._dropped))
