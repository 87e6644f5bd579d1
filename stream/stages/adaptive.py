"""A session that takes a lighter model, at last none, while its own is too slow for the stream, and goes back later."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn import Label, Session

_MOST_HOLD_S = 600.0
_log = logging.getLogger(__name__)


class Steps:
    """Which of several models to use, 0 being the best, judged by how long each frame took.

    When more than half of the frames of `patience_s` took longer than the budget, it steps down. `hold_s` after a step
    it tries one up again; if that fails within `hold_s`, the next try waits twice as long, up to ten minutes.
    """

    def __init__(self, n_models: int, budget_ms: float, patience_s: float = 2.0, hold_s: float = 30.0) -> None:
        self._last, self._budget_ms, self._patience_s, self._hold_s = n_models - 1, budget_ms, patience_s, hold_s
        self.current = 0
        self._wait_s = hold_s
        self._stepped_s = self._went_up_s = -np.inf
        self._over: list[bool] = []
        self._begun_s: float | None = None

    def forget(self) -> None:
        """Frames before this are not judged: they were another model's, or beside one that was being loaded."""
        self._over, self._begun_s = [], None

    def after(self, now_s: float, took_ms: float) -> int:
        """The model for the frames after one that took so long and ended now."""
        if self._begun_s is None:
            self._begun_s = now_s
        self._over.append(took_ms > self._budget_ms)
        if now_s - self._begun_s >= self._patience_s:
            too_slow = np.mean(self._over) > 0.5
            self.forget()
            if too_slow and self.current < self._last:
                self._down(now_s)
            elif not too_slow and self.current > 0 and now_s - self._stepped_s >= self._wait_s:
                self.current -= 1
                self._stepped_s = self._went_up_s = now_s
        return self.current

    def _down(self, now_s: float) -> None:
        failed = now_s - self._went_up_s < self._hold_s
        self._wait_s = min(2 * self._wait_s, _MOST_HOLD_S) if failed else self._hold_s
        self.current += 1
        self._stepped_s = now_s


class AdaptiveSession:
    """Enhances images as `Session` does, with the best of `models` that keeps to the budget.

    Args:
        session: runs the first of them.
        models: as `Session.swap` takes them, the best first.
        steps: chooses among them.
        clock: monotonic seconds.
    """

    def __init__(
        self, session: Session, models: Sequence[str], steps: Steps, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session, self._models, self._steps, self._clock = session, models, steps, clock
        self._swap: Future[Label] | None = None
        self._why = ""

    def __call__(self, image_db: NDArray[np.float32], out: NDArray[np.float32]) -> Label:
        begun_s = self._clock()
        label = self._session(image_db, out)
        ended_s = self._clock()
        if self._swap is not None and not self._swap.done():
            self._steps.forget()
        else:
            self._judge(label, ended_s, 1e3 * (ended_s - begun_s))
        if not self._why:
            return label
        return label._replace(reason=self._why if label.device == "none" else f"{label.reason}; {self._why}")

    def describe(self) -> str:
        """What enhances, and what does while that is too slow, in one line."""
        return f"{self._session.describe()}; while that is too slow: {', then '.join(self._models[1:])}"

    def _judge(self, label: Label, now_s: float, took_ms: float) -> None:
        before = self._steps.current
        after = self._steps.after(now_s, took_ms)
        if after == before:
            return
        if after > before:
            self._why = f"stepped down: {label.model} took longer than its budget, {took_ms:.1f} ms for the last frame"
        else:
            self._why = "stepped up, to see whether there is time again" if after else ""
        _log.warning(
            "enhance: from %s to %s: %s", self._models[before], self._models[after], self._why or "trying again"
        )
        self._swap = self._session.swap(self._models[after])
