"""What a stage does from the description of its stream to its end: as a source, between two others, as a sink.

A stage learns what the stream is, tells the next one, makes itself ready, and asks for frames only when those behind
it are ready too: so the first frame finds everything warm. It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from threading import Event

from sonolucent.stream import sinks, sources
from sonolucent.stream.accounting.budgets import load as load_budgets
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import SinkReport, StageReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import End, Image, Message, Stream
from sonolucent.stream.metrics import Post
from sonolucent.stream.runtime.counting import all_refused, close_all, counts, from_scanner, refused, refused_on, taken
from sonolucent.stream.sources import SCANNER
from sonolucent.stream.stages.makers import MAKERS
from sonolucent.stream.stages.protocol import FrameRefused, Transform
from sonolucent.stream.transport.consumer import PullEdge, pull_all
from sonolucent.stream.transport.producer import PushEdge

Prepared = tuple[Stream, Transform]

_CONSUMER_TIMEOUT_S = 60.0
_log = logging.getLogger(__name__)


def run_source(config: Config, pushes: list[PushEdge], stop: Event, journal: Journal) -> StageReport:
    past = journal.read()
    source = sources.open_source(config, stop, past)
    gone = past.report.edges.get(SCANNER, EdgeCounts())
    n_frames, next_frame_id, meter = gone.delivered, past.next_frame_id, Meter()
    source.losses.carry_on(EdgeCounts(gone.acquired - gone.delivered, 0, gone.dropped))
    source.refused.carry_on(past.report.edges.get(refused_on(SCANNER), EdgeCounts()))
    _push_all(pushes, source.stream)
    journal.describe(source.stream)
    _wait_for_consumers(pushes)
    for frame in source.frames:
        n_frames, next_frame_id = n_frames + 1, frame.frame_id + 1
        journal.write(StageReport({**from_scanner(source, n_frames), **counts(pushes)}), next_frame_id)
        trail = replace(frame.trail, edges={SCANNER: from_scanner(source, n_frames)[SCANNER]})
        _push_all(pushes, replace(frame, trail=trail))
        meter.tick()
    _push_all(pushes, End(next_frame_id))
    return StageReport({**from_scanner(source, n_frames), **close_all(pushes)}, usage=meter.usage())


def run_transform(
    name: str, config: Config, pull: PullEdge, pushes: list[PushEdge], journal: Journal, prepared: Prepared | None
) -> StageReport:
    message: Message = pull.describe()
    stream: Stream | None = None
    work: Transform | None = None
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
            result = None
            try:
                result = work(message)
            except FrameRefused as refusal:
                _lose_all(pushes, refusal)
            journal.write(StageReport({**refused(pull), **counts(pushes)}, taken=taken([pull])))
            if result is not None:
                _push_all(pushes, replace(result, trail=result.trail.stamped(name, begun_ns)))
        message = next(m for _, m in pull_all([pull]))
    _push_all(pushes, message)
    edges = {**refused(pull), **close_all(pushes)}
    return StageReport(edges, taken=taken([pull]), usage=meter.usage())


def _make(name: str, config: Config, stream: Stream, prepared: Prepared | None) -> Transform:
    if prepared is not None and prepared[0] == stream:
        return prepared[1]
    return MAKERS[name](config, stream)


def run_sink(name: str, config: Config, pulls: list[PullEdge], journal: Journal, post: Post) -> StageReport:
    timing, meter = Timing(), Meter()
    past = journal.read().report
    report = past.sink or SinkReport()
    description = pulls[0].describe()
    if isinstance(description, End):
        return past
    sink = sinks.find(name)(config, description, timing, past)
    journal.describe(description)

    def note() -> None:
        journal.write(StageReport(all_refused(pulls), report, taken(pulls), recorded=sink.recorded))

    note()
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
            note()
    end = sink.close(report.edges)
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    edges = {**all_refused(pulls), **end.edges}
    return StageReport(edges, seen, taken(pulls), end.lost, meter.usage(), sink.recorded)


def _push_all(pushes: list[PushEdge], message: Message) -> None:
    for push in pushes:
        push.push(message)


def _lose_all(pushes: list[PushEdge], refusal: FrameRefused) -> None:
    """Counts a frame that a stage refused as lost on the edges behind it; the log tells of the first one."""
    for push in pushes:
        if refusal.reason not in push.ledger.counts().dropped:
            _log.warning("%s: dropped %s", push.edge.name, refusal)
        push.ledger.lose(refusal.reason)


def _wait_for_consumers(pushes: list[PushEdge]) -> None:
    for push in pushes:
        push.wait_for_consumer(_CONSUMER_TIMEOUT_S)
