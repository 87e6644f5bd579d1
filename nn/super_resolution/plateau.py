"""When a learning rate falls, and when a fit ends: two rules of the methods' authors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_MEASURE_EVERY, _LEAST_BETWEEN, _MEASURED = 50, 10, 5
_STEEPNESS = 1.5


class SlopeSchedule:
    """ZSSR's: the error is measured every 50 steps; the rate falls where a line through the last five measures goes
    down by less than its slope is uncertain, at most once in 256 steps.

    Args:
        n_steps: that are wanted; of fewer than `published` the intervals shrink as well, to ten steps at least.
        published: how many the intervals were made for.
    """

    def __init__(self, n_steps: int, published: int) -> None:
        self.every = max(_LEAST_BETWEEN, min(_MEASURE_EVERY, round(_MEASURE_EVERY * n_steps / published)))
        self._errors: list[float] = []
        self._changed = 0

    def is_due(self, number: int) -> bool:
        """Whether the error is to be measured after this step, from 0."""
        return (number + 1) % self.every == 0

    def is_flat(self, number: int, error: float) -> bool:
        """Takes a measure; whether the rate is to fall now."""
        self._errors = [*self._errors, error][-_MEASURED:]
        if len(self._errors) < _MEASURED or number - self._changed < _MEASURED * self.every:
            return False
        places = self.every * np.arange(_MEASURED)
        (slope, _), covariance = np.polyfit(places, self._errors, 1, cov=True)
        if -_STEEPNESS * slope >= math.sqrt(covariance[0, 0]):
            return False
        self._changed = number
        return True

    def state(self) -> dict[str, Any]:
        """Plain values."""
        return {"errors": list(self._errors), "changed": self._changed}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""
        self._errors, self._changed = list(state["errors"]), state["changed"]


class PlateauSchedule:
    """The McGill models': the rate halves after 100 steps in which the loss was not lower than ever before, and rests
    for 20; the fit ends after 350.

    Args:
        n_steps: that are wanted; of fewer than `published` all intervals shrink.
        published: how many the intervals were made for.
    """

    def __init__(self, n_steps: int, published: int) -> None:
        shrink = min(1.0, n_steps / published)
        self._patience, self._rest, self._end = (max(5, round(n * shrink)) for n in (100, 20, 350))
        self._best, self._since_best, self._since_halved, self._resting = math.inf, 0, 0, 0

    @property
    def is_over(self) -> bool:
        """Whether the fit ends."""
        return self._since_best >= self._end

    def is_flat(self, loss: float) -> bool:
        """Takes a step's loss; whether the rate is to halve now."""
        self._resting = max(0, self._resting - 1)
        if loss < self._best - 1e-3:
            self._best, self._since_best, self._since_halved = loss, 0, 0
            return False
        self._since_best += 1
        self._since_halved = 0 if self._resting else self._since_halved + 1
        if self._since_halved < self._patience:
            return False
        self._since_halved, self._resting = 0, self._rest
        return True

    def state(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in ("_best", "_since_best", "_since_halved", "_resting")}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes over what `state` gave."""
        for name, value in state.items():
            setattr(self, name, value)
