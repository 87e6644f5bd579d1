"""What a run has to say at its end: one report a stage, and the whole of them."""

from __future__ import annotations

from typing import Any

import msgspec

from sonolucent.stream.budgets import Profile
from sonolucent.stream.config import Config
from sonolucent.stream.frames import Image
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.timing import Latency, Timing


class SinkReport(msgspec.Struct, frozen=True):
    """What a sink saw."""

    frames: int = 0
    enhanced: int = 0
    model: str = "none"
    device: str = "none"
    backend: str = "none"
    fps: float = 0.0
    stages: dict[str, Latency] = {}
    end_to_end: Latency | None = None
    edges: dict[str, EdgeCounts] = {}
    trace: dict[str, Any] | None = None

    def with_image(self, image: Image) -> SinkReport:
        counted = msgspec.structs.replace(self, frames=self.frames + 1, enhanced=self.enhanced + bool(image.model))
        if not image.model:
            return counted
        return msgspec.structs.replace(counted, model=image.model, device=image.device, backend=image.backend)

    def with_edges(self, edges: dict[str, EdgeCounts]) -> SinkReport:
        return msgspec.structs.replace(self, edges={**self.edges, **edges})

    def with_timing(self, timing: Timing, profile: Profile, *, trace: bool) -> SinkReport:
        return msgspec.structs.replace(
            self,
            fps=timing.frame_rate_hz(),
            stages=timing.stages(profile),
            end_to_end=timing.end_to_end(profile),
            trace=timing.trace() if trace else None,
        )


class StageReport(msgspec.Struct, frozen=True):
    """What one stage knows: the counts of its edges, and what it saw if it is a sink."""

    edges: dict[str, EdgeCounts]
    sink: SinkReport | None = None


class RunReport(msgspec.Struct, frozen=True):
    """The report of a run, as `--json` prints it."""

    source: str
    transport: str
    seconds: float
    frames_in: int
    frames_out: int
    enhanced: int
    dropped: dict[str, dict[str, int]]
    fps: float
    model: str
    device: str
    backend: str
    stages: dict[str, Latency]
    end_to_end: Latency | None
    ledger: dict[str, EdgeCounts]
    balanced: bool


def summarize(config: Config, reports: dict[str, StageReport], seconds: float) -> RunReport:
    """The report of a run out of those of its stages."""
    ledger = {name: counts for report in reports.values() for name, counts in report.edges.items()}
    first = reports.get(config.sinks[0])
    sink = (first.sink if first else None) or SinkReport()
    acquired = ledger.get("scanner>source", EdgeCounts()).acquired
    return RunReport(
        source=config.source,
        transport=config.transport,
        seconds=round(seconds, 3),
        frames_in=acquired,
        frames_out=sink.frames,
        enhanced=sink.enhanced,
        dropped={name: counts.dropped for name, counts in ledger.items() if counts.dropped},
        fps=round(sink.fps, 2),
        model=sink.model,
        device=sink.device,
        backend=sink.backend,
        stages=sink.stages,
        end_to_end=sink.end_to_end,
        ledger=ledger,
        balanced=all(counts.balanced for counts in ledger.values()),
    )
