"""The pipeline as its own diagram, and what each stage does with its edges.

    source ──channels──> beamform ──B-mode──> enhance ──images──> viewer, recorder, headless
       └────channels──> recorder

A stage learns what the stream is, tells the next one, makes itself ready, and asks for frames only when those behind
it are ready too: so the first frame finds everything warm.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Event

from sonolucent.stream import sinks, stages
from sonolucent.stream.budgets import load as load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.edges import Edge, Policy
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.frames import End, Frame, Image, Message, Stream
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.metrics import served
from sonolucent.stream.pull_edge import PullEdge, pull_all
from sonolucent.stream.push_edge import PushEdge
from sonolucent.stream.report import SinkReport, StageReport
from sonolucent.stream.sockets import Context
from sonolucent.stream.sources import open_source
from sonolucent.stream.timing import Timing
from sonolucent.stream.usage import Meter

_CONSUMER_TIMEOUT_S = 60.0
_log = logging.getLogger(__name__)


def arrows(config: Config) -> list[tuple[str, str]]:
    """Who passes frames to whom."""
    chain = [("source", "beamform"), ("beamform", "enhance")]
    fan_out = [("enhance", sink) for sink in config.sinks]
    raw = [("source", "recorder")] if config.record_channels else []
    return [*chain, *fan_out, *raw]


def stage_names(config: Config) -> list[str]:
    """Every stage, source first."""
    return list(dict.fromkeys(name for arrow in arrows(config) for name in arrow))


def edges(config: Config) -> list[Edge]:
    """The diagram's arrows with their policies; endpoints are those of the configuration, or inproc."""
    return [_edge(config, *arrow) for arrow in arrows(config)]


def run_stage(name: str, config: Config, context: Context, stop: Event, abort: Event) -> StageReport:
    """Runs one stage until its stream ends: `stop` ends a source in order, `abort` ends anything at once.

    Raises:
        Aborted: `abort` was set.
        ConfigError: there is no such stage.
    """
    if name not in stage_names(config):
        raise ConfigError(f"no stage {name!r} in this pipeline; it has {', '.join(stage_names(config))}")
    with _open_edges(name, config, context, abort) as (pulls, pushes):
        if name == "source":
            return _run_source(config, pushes, stop)
        if name in stages.MAKERS:
            return _run_transform(name, config, pulls[0], pushes)
        with served(name, config) as post:
            return _run_sink(name, config, pulls, post)


def _edge(config: Config, producer: str, consumer: str) -> Edge:
    name = f"{producer}>{consumer}"
    policy: Policy = "drop_oldest" if config.live else "lossless"
    bound = 2 if config.live else 1
    if consumer == "viewer":
        policy, bound = "latest", 1
    elif consumer == "recorder" and config.live:
        bound = 32
    return Edge(name, config.endpoints.get(name, f"inproc://{name}"), policy, bound)


@contextmanager
def _open_edges(
    stage: str, config: Config, context: Context, abort: Event
) -> Iterator[tuple[list[PullEdge], list[PushEdge]]]:
    with ExitStack() as stack:
        pulls, pushes = [], []
        for edge, (producer, consumer) in zip(edges(config), arrows(config), strict=True):
            if stage == producer:
                pushes.append(PushEdge(edge, context, abort))
                stack.callback(pushes[-1].close)
            if stage == consumer:
                pulls.append(PullEdge(edge, context, abort))
                stack.callback(pulls[-1].close)
        yield pulls, pushes


def _run_source(config: Config, pushes: list[PushEdge], stop: Event) -> StageReport:
    source = open_source(config, stop)
    _push_all(pushes, source.stream)
    _wait_for_consumers(pushes)
    n_frames, meter = 0, Meter()
    for frame in source.frames:
        trail = replace(frame.trail, edges={"scanner>source": source.losses.counts()})
        _push_all(pushes, replace(frame, trail=trail))
        n_frames += 1
        meter.tick()
    _push_all(pushes, End(n_frames))
    lost = source.losses.counts()
    scanner = EdgeCounts(lost.acquired + n_frames, n_frames, lost.dropped)
    edges = {"scanner>source": scanner, **_refused("scanner>source", source.refused), **_close_all(pushes)}
    return StageReport(edges, usage=meter.usage())


def _run_transform(name: str, config: Config, pull: PullEdge, pushes: list[PushEdge]) -> StageReport:
    message: Message = pull.describe()
    stream: Stream | None = None
    work: stages.Stage | None = None
    meter = Meter()
    while not isinstance(message, End):
        if isinstance(message, Stream):
            # A producer that was restarted describes the same stream again.
            if message != stream:
                stream = message
                _push_all(pushes, message)
                work = stages.MAKERS[name](config, message)
                _wait_for_consumers(pushes)
        elif work is not None:
            begun_ns = time.monotonic_ns()
            meter.tick()
            try:
                result = work(message)
            except stages.FrameRefused as refusal:
                _lose_all(pushes, refusal)
            else:
                _push_all(pushes, replace(result, trail=result.trail.stamped(name, begun_ns)))
        message = next(m for _, m in pull_all([pull]))
    _push_all(pushes, message)
    edges = {**_refused(pull.edge.name, pull.refused), **_close_all(pushes)}
    return StageReport(edges, taken={pull.edge.name: pull.taken}, usage=meter.usage())


def _run_sink(name: str, config: Config, pulls: list[PullEdge], post: Callable[[Frame, int], None]) -> StageReport:
    timing, meter = Timing(), Meter()
    report = SinkReport()
    description = pulls[0].describe()
    if isinstance(description, End):
        return StageReport({})
    sink = sinks.MAKERS[name](config, description, timing)
    ended = 0
    for pull, message in pull_all(pulls):
        arrived_ns = time.monotonic_ns()
        if isinstance(message, End):
            ended += 1
            if ended == len(pulls):
                break
        elif not isinstance(message, Stream):
            post(message, arrived_ns)
            if isinstance(message, Image):
                timing.record(message.frame_id, message.trail, arrived_ns)
                meter.tick()
                report = report.with_image(message)
            report = report.with_edges(message.trail.crossed(pull.edge.name, EdgeCounts()).edges)
            sink.write(message)
    end = sink.close(report.edges)
    refused = {k: v for pull in pulls for k, v in _refused(pull.edge.name, pull.refused).items()}
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    taken = {pull.edge.name: pull.taken for pull in pulls}
    return StageReport({**refused, **end.edges}, seen, taken, end.lost, meter.usage())


def _push_all(pushes: list[PushEdge], message: Message) -> None:
    for push in pushes:
        push.push(message)


def _lose_all(pushes: list[PushEdge], refusal: stages.FrameRefused) -> None:
    """Counts a frame that a stage refused as lost on the edges behind it; the log tells of the first one."""
    for push in pushes:
        if refusal.reason not in push.ledger.counts().dropped:
            _log.warning("%s: dropped %s", push.edge.name, refusal)
        push.ledger.lose(refusal.reason)


def _wait_for_consumers(pushes: list[PushEdge]) -> None:
    for push in pushes:
        push.wait_for_consumer(_CONSUMER_TIMEOUT_S)


def _close_all(pushes: list[PushEdge]) -> dict[str, EdgeCounts]:
    return {push.edge.name: push.close() for push in pushes}


def _refused(edge: str, ledger: Ledger) -> dict[str, EdgeCounts]:
    """Messages, not frames: a frame that one of them belonged to is counted on the edge itself."""
    counts = ledger.counts()
    return {f"{edge} (refused)": counts} if counts.acquired else {}
