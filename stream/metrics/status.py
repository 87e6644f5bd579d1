"""What a run looks like right now: rates and latencies of the last frames, counts since its start."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.timing import Latency, Timing
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts, newest
from sonolucent.stream.messages import Frame, Image
from sonolucent.stream.sources.source import SCANNER

RECENT = 250
"""Frames that the rates and latencies are taken over: ten seconds at 25 a second."""


class Status(msgspec.Struct, frozen=True):
    """A run as its sink sees it; names as in the report at its end.

    Args:
        seconds: since the sink was opened.
        silent_s: since the last image came; since the sink was opened, before the first one.
        budget_hz: the frame rate that the budgets are made for.
        ledger: the counts of each edge as they stood when the last frame left it.
    """

    source: str
    transport: str
    seconds: float
    silent_s: float
    frames_in: int
    frames_out: int
    enhanced: int
    dropped: dict[str, dict[str, int]]
    fps: float
    budget_hz: float
    model: str
    device: str
    backend: str
    stages: dict[str, Latency]
    end_to_end: Latency | None
    ledger: dict[str, EdgeCounts]
    restarts: dict[str, int]


class Board:
    """Where the sink posts its frames, and where any thread reads the status.

    Args:
        restarts: asks how often each stage was restarted.
    """

    def __init__(self, config: Config, restarts: Callable[[], dict[str, int]]) -> None:
        self._budgets = load_budgets(config.budget)
        self._config, self._restarts = config, restarts
        self._lock = threading.Lock()
        self._timing = Timing(window=RECENT)
        self._opened_ns = self._arrived_ns = time.monotonic_ns()
        self._frames_out = self._enhanced = 0
        self._by = ("none", "none", "none")
        self._ledger: dict[str, EdgeCounts] = {}

    def post(self, frame: Frame, arrived_ns: int, behind: dict[str, EdgeCounts]) -> None:
        """Takes up what a frame knows, and the counts of the edges behind the sink."""
        with self._lock:
            self._ledger = newest(self._ledger, {**frame.trail.edges, **behind})
            if isinstance(frame, Image):
                self._post_image(frame, arrived_ns)

    def status(self) -> Status:
        """As of now."""
        now_ns = time.monotonic_ns()
        with self._lock:
            model, device, backend = self._by
            return Status(
                source=self._config.source,
                transport=self._config.transport,
                seconds=(now_ns - self._opened_ns) / 1e9,
                silent_s=(now_ns - self._arrived_ns) / 1e9,
                frames_in=self._ledger.get(SCANNER.name, EdgeCounts()).acquired,
                frames_out=self._frames_out,
                enhanced=self._enhanced,
                dropped={edge: counts.dropped for edge, counts in self._ledger.items() if counts.dropped},
                fps=self._timing.frame_rate_hz(),
                budget_hz=self._budgets.frame_rate_hz,
                model=model,
                device=device,
                backend=backend,
                stages=self._timing.stages(self._budgets),
                end_to_end=self._timing.end_to_end(self._budgets),
                ledger=dict(self._ledger),
                restarts=self._restarts(),
            )

    def _post_image(self, image: Image, arrived_ns: int) -> None:
        self._timing.record(image.frame_id, image.trail, arrived_ns)
        self._arrived_ns = arrived_ns
        self._frames_out += 1
        if image.model:
            self._enhanced += 1
            self._by = (image.model, image.device, image.backend)
