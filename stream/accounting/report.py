"""What a run has to say at its end: one report a stage, and the whole of them."""

from __future__ import annotations

from typing import Any

import msgspec

from sonolucent.stream.accounting.budgets import Profile
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.accounting.timing import Latency, Timing
from sonolucent.stream.accounting.usage import Usage
from sonolucent.stream.ledger import EdgeCounts, newest
from sonolucent.stream.messages import Image


class SinkReport(msgspec.Struct, frozen=True):
    """What a sink saw; `models` counts the frames of each, "none" those that nothing enhanced."""

    frames: int = 0
    enhanced: int = 0
    model: str = "none"
    device: str = "none"
    backend: str = "none"
    reason: str = ""
    strength: float = 1.0
    models: dict[str, int] = {}
    fps: float = 0.0
    stages: dict[str, Latency] = {}
    end_to_end: Latency | None = None
    edges: dict[str, EdgeCounts] = {}
    trace: dict[str, Any] | None = None

    def with_image(self, image: Image) -> SinkReport:
        name = image.model or "none"
        counted = msgspec.structs.replace(
            self,
            frames=self.frames + 1,
            enhanced=self.enhanced + bool(image.model),
            models={**self.models, name: self.models.get(name, 0) + 1},
        )
        if not image.model:
            return counted
        by = {name: getattr(image, name) for name in ("model", "device", "backend", "reason", "strength")}
        return msgspec.structs.replace(counted, **by)

    def with_edges(self, edges: dict[str, EdgeCounts], *, overtaken: bool) -> SinkReport:
        """With what a frame knew of the edges that it has crossed.

        Args:
            overtaken: frames come by several ways, so that the last one need not know the latest counts.
        """
        return msgspec.structs.replace(self, edges=newest(self.edges, edges) if overtaken else {**self.edges, **edges})

    def with_timing(self, timing: Timing, profile: Profile, *, trace: bool) -> SinkReport:
        return msgspec.structs.replace(
            self,
            fps=timing.frame_rate_hz(),
            stages=timing.stages(profile),
            end_to_end=timing.end_to_end(profile),
            trace=timing.trace() if trace else None,
        )


class StageReport(msgspec.Struct, frozen=True):
    """What one stage knows.

    Args:
        edges: the counts of the edges that it feeds.
        sink: what it saw, if it is a sink.
        taken: how many frames it took from each edge that feeds it.
        lost: the ids of the frames that a recorder lost, (first, last) of each run of them, by the kind of frame.
        recorded: the files that a recorder has written, one more for every time that it was restarted.
        open_file: the one of them that it is writing, or was at the end.
        usage: what its process spent on frames.
        warnings: what is odd about the data, of a source.
        training: what training on the stream has come to, of the sink that has that done.
    """

    edges: dict[str, EdgeCounts]
    sink: SinkReport | None = None
    taken: dict[str, int] = {}
    lost: dict[str, list[tuple[int, int]]] = {}
    usage: Usage | None = None
    recorded: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    open_file: str = ""
    training: LiveTraining | None = None


class RunReport(msgspec.Struct, frozen=True):
    """The report of a run, as `--json` prints it.

    Args:
        model, device, backend, reason: what enhanced the last frame that was enhanced, and why it was that.
        strength: how much of its enhancement that frame showed, 0..1.
        models: how many frames each model has enhanced; "none" those that nothing did.
        warnings: what is odd about the data, such as dead elements, a sentence each.
        interrupted: whether it was ended by Ctrl-C or SIGTERM, not by its source.
        core_ms_per_frame: processor time of all stages, from the first frame to the last.
        training: what training on the live stream has come to, where that was asked for.
    """

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
    reason: str
    strength: float
    models: dict[str, int]
    stages: dict[str, Latency]
    end_to_end: Latency | None
    ledger: dict[str, EdgeCounts]
    balanced: bool
    core_ms_per_frame: float
    page_faults_per_frame: float
    restarts: dict[str, int] = {}
    not_recorded: dict[str, list[tuple[int, int]]] = {}
    recorded: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    interrupted: bool = False
    training: LiveTraining | None = None
