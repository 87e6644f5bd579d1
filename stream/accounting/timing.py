"""How long frames take: per stage, end to end, and as a trace that opens in Perfetto."""

from __future__ import annotations

import json
from collections import deque
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from sonolucent.stream.accounting.budgets import Budget, Profile
from sonolucent.stream.messages import Stamp, Trail


class Latency(msgspec.Struct, frozen=True):
    """The distribution of a duration in milliseconds, and the budgets that it is held to.

    Args:
        budget_ms: of the 99th percentile.
        over_budget: whether that or the median exceeds its budget.
        p50_budget_ms: of the median.
    """

    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    budget_ms: float | None = None
    over_budget: bool | None = None
    p50_budget_ms: float | None = None

    @property
    def exceeded(self) -> list[tuple[str, float, float]]:
        """Which percentiles exceed their budgets: the name, the value and what is allowed, in ms."""
        held = (("p50", self.p50_ms, self.p50_budget_ms), ("p99", self.p99_ms, self.budget_ms))
        return [(name, value, budget) for name, value, budget in held if budget is not None and value > budget]


class _Passed(NamedTuple):
    """A frame that has arrived; of its trail, only the times are kept."""

    frame_id: int
    acquired_ns: int | None
    stamps: tuple[Stamp, ...]
    arrived_ns: int


class Timing:
    """Collects the trails of the frames that arrive at a sink; keeps the last `window`."""

    def __init__(self, window: int = 10_000) -> None:
        self._frames: deque[_Passed] = deque(maxlen=window)

    def record(self, frame_id: int, trail: Trail, arrived_ns: int) -> None:
        acquired_ns = trail.acquired_ns if trail.on_this_clock else None
        self._frames.append(_Passed(frame_id, acquired_ns, trail.stamps, arrived_ns))

    def stages(self, profile: Profile, last: int | None = None) -> dict[str, Latency]:
        """The time each stage worked on a frame, over the last `last` frames."""
        durations: dict[str, list[int]] = {}
        for frame in self._recent(last):
            for stamp in frame.stamps:
                durations.setdefault(stamp.stage, []).append(stamp.out_ns - stamp.in_ns)
        return {name: latency(values, profile.stages.get(name)) for name, values in durations.items()}

    def end_to_end(self, profile: Profile, last: int | None = None) -> Latency | None:
        """From the arrival of the last shot to that at the sink; None before the first frame, and between two machines,
        whose clocks differ."""
        values = [f.arrived_ns - f.acquired_ns for f in self._recent(last) if f.acquired_ns is not None]
        return latency(values, profile.end_to_end) if values else None

    def frame_rate_hz(self, last: int | None = None) -> float:
        """Frames a second at the sink; 0 before the second frame."""
        arrivals = [frame.arrived_ns for frame in self._recent(last)]
        if len(arrivals) < 2 or arrivals[-1] == arrivals[0]:
            return 0.0
        return (len(arrivals) - 1) * 1e9 / (arrivals[-1] - arrivals[0])

    def trace(self) -> dict[str, Any]:
        """The frames as Trace Event JSON: one track a stage, one slice a frame."""
        slices = [
            _slice(stamp.stage, frame.frame_id, stamp.in_ns, stamp.out_ns)
            for frame in self._frames
            for stamp in frame.stamps
        ]
        whole = [
            _slice("end to end", frame.frame_id, frame.acquired_ns, frame.arrived_ns)
            for frame in self._frames
            if frame.acquired_ns is not None
        ]
        return {"traceEvents": slices + whole, "displayTimeUnit": "ms"}

    def _recent(self, last: int | None) -> list[_Passed]:
        newest_first = islice(reversed(self._frames), last)
        return list(newest_first)[::-1]


def latency(durations_ns: list[int], budget: Budget | None) -> Latency:
    """The distribution of durations in nanoseconds, held to a budget."""
    p50, p95, p99, top = (float(v) for v in np.percentile(np.array(durations_ns) / 1e6, [50, 95, 99, 100]))
    if budget is None:
        return Latency(p50, p95, p99, top)
    return Latency(p50, p95, p99, top, budget.p99_ms, budget.exceeded_by(p50, p99), budget.p50_ms)


def write_trace(path: Path, trace: dict[str, Any]) -> None:
    """Writes a trace for ui.perfetto.dev."""
    path.write_text(json.dumps(trace))


def _slice(track: str, frame_id: int, begin_ns: int, end_ns: int) -> dict[str, Any]:
    return {
        "name": f"frame {frame_id}",
        "cat": "frame",
        "ph": "X",
        "pid": "sonolucent",
        "tid": track,
        "ts": begin_ns / 1e3,
        "dur": (end_ns - begin_ns) / 1e3,
    }
