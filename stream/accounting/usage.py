"""What frames cost the process that works on them: processor time and page faults."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable

import msgspec


class Usage(msgspec.Struct, frozen=True):
    """What a process spent between the first frame and the last, `frames` later; warming up is not counted."""

    process: int
    frames: int = 0
    core_ms: float = 0.0
    page_faults: int = 0


class Meter:
    """Meters this process, all its threads together, from frame to frame."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._last = (0.0, 0)
        self._frames = 0

    def tick(self) -> None:
        """A frame is here."""
        self._last = _spent()
        if self._first is None:
            self._first = self._last
        else:
            self._frames += 1

    def usage(self) -> Usage:
        core_ms, page_faults = self._first or self._last
        return Usage(os.getpid(), self._frames, self._last[0] - core_ms, self._last[1] - page_faults)


def per_frame(usages: Iterable[Usage]) -> tuple[float, float]:
    """Milliseconds of a core, and page faults, that all processes together spend on a frame; 0 before the second one.

    Stages that share a process have each metered the whole of it: one of them counts.
    """
    processes = {usage.process: usage for usage in usages if usage.frames}
    core_ms = sum(usage.core_ms / usage.frames for usage in processes.values())
    return core_ms, sum(usage.page_faults / usage.frames for usage in processes.values())


def _spent() -> tuple[float, int]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3, used.ru_minflt + used.ru_majflt
