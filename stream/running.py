"""What each stage does with its edges, from the description of its stream to its end.

A stage learns what the stream is, tells the next one, makes itself ready, and asks for frames only when those behind
it are ready too: so the first frame finds everything warm. It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from threading import Event

from sonolucent.stream import sinks, sources, stages
from sonolucent.stream.budgets import load as load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.frames import End, Image, Message, Stream
from sonolucent.stream.journal import Journal
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.metrics import Post, served
from sonolucent.stream.pipeline import arrows, edges, stage_names
from sonolucent.stream.pull_edge import PullEdge, pull_all
from sonolucent.stream.push_edge import PushEdge
from sonolucent.stream.report import SinkReport, StageReport
from sonolucent.stream.sockets import Context
from sonolucent.stream.timing import Timing
from sonolucent.stream.usage import Meter

Prepared = tuple[Stream, stages.Stage]

_CONSUMER_TIMEOUT_S = 60.0
_SCANNER = "scanner>source"
_log = logging.getLogger(__name__)


def prepare(name: str, config: Config, stream: Stream) -> Prepared | None:
    """Does ahead what a stage can do before its turn comes: imports, and the plans and warm-up of a transform.

    Raises:
        ConfigError: as `run_stage`.
    """
    if name == "source":
        sources.find(config)
    elif name in stages.MAKERS:
        return stream, stages.MAKERS[name](config, stream)
    else:
        sinks.find(name)
    return None


def run_stage(
    name: str,
    config: Config,
    context: Context,
    stop: Event,
    abort: Event,
    journal: Journal | None = None,
    prepared: Prepared | None = None,
) -> StageReport:
    """Runs one stage until its stream ends: `stop` ends a source in order, `abort` ends anything at once.

    Args:
        journal: where it goes on, and writes what it does; without one it begins and is not gone on from.
        prepared: what `prepare` made.

    Raises:
        Aborted: `abort` was set.
        ConfigError: there is no such stage.
    """
    if name not in stage_names(config):
        raise ConfigError(f"no stage {name!r} in this pipeline; it has {', '.join(stage_names(config))}")
    journal = journal or Journal()
    with _open_edges(name, config, context, abort) as (pulls, pushes):
        _carry_on(journal.read().report, pulls, pushes)
        if name == "source":
            return _run_source(config, pushes, stop, journal)
        if name in stages.MAKERS:
            return _run_transform(name, config, pulls[0], pushes, journal, prepared)
        with served(name, config, journal.restarts) as post:
            return _run_sink(name, config, pulls, journal, post)


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


def _carry_on(past: StageReport, pulls: list[PullEdge], pushes: list[PushEdge]) -> None:
    """Goes on with the counts of the process that was here before."""
    for push in pushes:
        push.ledger.carry_on(past.edges.get(push.edge.name, EdgeCounts()))
    for pull in pulls:
        pull.taken_before = past.taken.get(pull.edge.name, 0)
        pull.refused.carry_on(past.edges.get(_refused_on(pull.edge.name), EdgeCounts()))


def _run_source(config: Config, pushes: list[PushEdge], stop: Event, journal: Journal) -> StageReport:
    past = journal.read()
    source = sources.open_source(config, stop, past)
    gone = past.report.edges.get(_SCANNER, EdgeCounts())
    n_frames, next_frame_id, meter = gone.delivered, past.next_frame_id, Meter()
    source.losses.carry_on(EdgeCounts(gone.acquired - gone.delivered, 0, gone.dropped))
    source.refused.carry_on(past.report.edges.get(_refused_on(_SCANNER), EdgeCounts()))
    _push_all(pushes, source.stream)
    journal.describe(source.stream)
    _wait_for_consumers(pushes)
    for frame in source.frames:
        n_frames, next_frame_id = n_frames + 1, frame.frame_id + 1
        journal.write(StageReport({**_from_scanner(source, n_frames), **_counts(pushes)}), next_frame_id)
        trail = replace(frame.trail, edges={_SCANNER: _from_scanner(source, n_frames)[_SCANNER]})
        _push_all(pushes, replace(frame, trail=trail))
        meter.tick()
    _push_all(pushes, End(next_frame_id))
    return StageReport({**_from_scanner(source, n_frames), **_close_all(pushes)}, usage=meter.usage())


def _run_transform(
    name: str, config: Config, pull: PullEdge, pushes: list[PushEdge], journal: Journal, prepared: Prepared | None
) -> StageReport:
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
                journal.describe(message)
                work = _make(name, config, message, prepared)
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
            journal.write(StageReport({**_refused(pull), **_counts(pushes)}, taken=_taken([pull])))
        message = next(m for _, m in pull_all([pull]))
    _push_all(pushes, message)
    edges = {**_refused(pull), **_close_all(pushes)}
    return StageReport(edges, taken=_taken([pull]), usage=meter.usage())


def _make(name: str, config: Config, stream: Stream, prepared: Prepared | None) -> stages.Stage:
    if prepared is not None and prepared[0] == stream:
        return prepared[1]
    return stages.MAKERS[name](config, stream)


def _run_sink(name: str, config: Config, pulls: list[PullEdge], journal: Journal, post: Post) -> StageReport:
    timing, meter = Timing(), Meter()
    past = journal.read().report
    report = past.sink or SinkReport()
    description = pulls[0].describe()
    if isinstance(description, End):
        return past
    sink = sinks.find(name)(config, description, timing, past)
    journal.describe(description)
    ended = 0
    for pull, message in pull_all(pulls):
        arrived_ns = time.monotonic_ns()
        if isinstance(message, End):
            ended += 1
            if ended == len(pulls):
                break
        elif not isinstance(message, Stream):
            if isinstance(message, Image):
                timing.record(message.frame_id, message.trail, arrived_ns)
                meter.tick()
                report = report.with_image(message)
            report = report.with_edges(message.trail.crossed(pull.edge.name, EdgeCounts()).edges)
            sink.write(message)
            post(message, arrived_ns, sink.counts())
            journal.write(StageReport(_all_refused(pulls), report, _taken(pulls), recorded=sink.recorded))
    end = sink.close(report.edges)
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    edges = {**_all_refused(pulls), **end.edges}
    return StageReport(edges, seen, _taken(pulls), end.lost, meter.usage(), sink.recorded)


def _from_scanner(source: sources.Source, n_frames: int) -> dict[str, EdgeCounts]:
    lost = source.losses.counts()
    scanner = EdgeCounts(lost.acquired + n_frames, n_frames, lost.dropped)
    return {_SCANNER: scanner, **_refusals(_SCANNER, source.refused)}


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


def _counts(pushes: list[PushEdge]) -> dict[str, EdgeCounts]:
    return {push.edge.name: push.ledger.counts() for push in pushes}


def _taken(pulls: list[PullEdge]) -> dict[str, int]:
    return {pull.edge.name: pull.taken for pull in pulls}


def _refused_on(edge: str) -> str:
    return f"{edge} (refused)"


def _refusals(edge: str, ledger: Ledger) -> dict[str, EdgeCounts]:
    """Messages, not frames: a frame that one of them belonged to is counted on the edge itself."""
    counts = ledger.counts()
    return {_refused_on(edge): counts} if counts.acquired else {}


def _refused(pull: PullEdge) -> dict[str, EdgeCounts]:
    return _refusals(pull.edge.name, pull.refused)


def _all_refused(pulls: list[PullEdge]) -> dict[str, EdgeCounts]:
    return {name: counts for pull in pulls for name, counts in _refused(pull).items()}
