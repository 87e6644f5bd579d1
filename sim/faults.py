"""What can happen to shots between a scanner and its reader, drawn at given rates."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields

import numpy as np


@dataclass(frozen=True)
class FaultRates:
    """The probability of each fault, of every shot; a shot suffers one at most.

    Args:
        late: held back until its frame has been given up.
        lost: never sent.
        duplicated: sent twice.
        reordered: overtaken by the next shot of its frame; the last one overtakes the one before it.
        truncated: its payload cut in half.
        wrong_size: one sample a trace too many.
        disconnected: lost with the connection, which is made anew.
        clock_jumped: sent, but from then on the scanner's clock is off by up to an hour.

    Raises:
        ValueError: a rate is negative, or they add up to more than 1.
    """

    late: float = 0.0
    lost: float = 0.0
    duplicated: float = 0.0
    reordered: float = 0.0
    truncated: float = 0.0
    wrong_size: float = 0.0
    disconnected: float = 0.0
    clock_jumped: float = 0.0

    def __post_init__(self) -> None:
        if not (min(astuple(self)) >= 0 and sum(astuple(self)) <= 1):
            raise ValueError("the rates of faults must not be negative, nor add up to more than 1")


FAULTS = tuple(field.name for field in fields(FaultRates))


@dataclass(frozen=True)
class PlannedShot:
    """What becomes of shot `index` of a frame: one of `FAULTS`, or nothing."""

    index: int
    fault: str | None


def plan_faults(rates: FaultRates, n_shots: int, seed: int) -> Iterator[list[PlannedShot]]:
    """For frame after frame, without end, its `n_shots` shots in the order in which they are sent.

    Args:
        rates: how often each fault happens.
        n_shots: shots a frame.
        seed: of what is drawn.
    """
    rng = np.random.default_rng(seed)
    thresholds = np.cumsum(astuple(rates))
    names = (*FAULTS, None)
    while True:
        drawn = np.searchsorted(thresholds, rng.random(n_shots), side="right")
        shots = [PlannedShot(index, names[fault]) for index, fault in enumerate(drawn)]
        yield _reordered(shots)


def _reordered(shots: list[PlannedShot]) -> list[PlannedShot]:
    """The shots with each reordered one behind the next, whatever the next one suffers."""
    order = list(shots)
    for i, j in itertools.pairwise(range(len(order))):
        if shots[i].fault == "reordered":
            order[i], order[j] = order[j], order[i]
    if len(order) > 1 and shots[-1].fault == "reordered" and order[-1] is shots[-1]:
        order[-2], order[-1] = order[-1], order[-2]
    return order
