"""How fast long work goes, and how long it still takes."""

from __future__ import annotations

import time

_EVERY_S = 10.0


class Pace:
    """Of work that is counted.

    Args:
        done: how much of it was done when it began.
    """

    def __init__(self, done: int) -> None:
        self._done, self._begun_s = done, time.monotonic()
        self._told_s = self._begun_s

    def at(self, done: int, total: int) -> str:
        """In words, how fast it has gone until now, and how long it still takes; empty while nobody knows."""
        seconds, made = time.monotonic() - self._begun_s, done - self._done
        if made <= 0 or seconds <= 0:
            return ""
        rate = made / seconds
        return f", {rate:.3g} a second, {(total - done) / rate:.0f} s left"

    def is_due(self, done: int, total: int) -> bool:
        """Whether a line is due: at the end, and every ten seconds before."""
        now_s = time.monotonic()
        if done < total and now_s - self._told_s < _EVERY_S:
            return False
        self._told_s = now_s
        return True
