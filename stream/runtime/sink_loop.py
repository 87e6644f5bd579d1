"""What a sink does from the description of its stream to its end.

It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from functools import partial

import msgspec

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import SinkReport, StageReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import End, Frame, Image, Stream
from sonolucent.stream.metrics import Post
from sonolucent.stream.openers import SINKS
from sonolucent.stream.pipeline import Stage
from sonolucent.stream.runtime.counting import of_consumers, taken
from sonolucent.stream.runtime.obedience import Obeying
from sonolucent.stream.sinks.sink import EarlySinkOpener, Run, Sink
from sonolucent.stream.transport.consumer import Consumer, pull_all

_log = logging.getLogger(__name__)


def run_sink(
    stage: Stage,
    config: Config,
    consumers: Sequence[Consumer],
    journal: Journal,
    post: Post,
    run: Run,
    obeying: Obeying,
) -> StageReport:
    past = journal.read()
    opener = SINKS.find(stage.opener)
    early = opener.before_stream(config, past, run) if isinstance(opener, EarlySinkOpener) else None
    sink = early
    try:
        description = consumers[0].describe()
        if isinstance(description, End):
            if early is not None:
                early.close({})
            return past.report
        sink = early or opener(config, description, past)
        if early is not None:
            early.begin(description)
        with obeying(sink.obey):
            return _take_frames(sink, description, config, consumers, journal, post)
    except Exception:
        if sink is not None:
            sink.abandon()
        raise


def _take_frames(
    sink: Sink, description: Stream, config: Config, consumers: Sequence[Consumer], journal: Journal, post: Post
) -> StageReport:
    timing, meter, past = Timing(), Meter(), journal.read()
    report = past.report.sink or SinkReport()
    sink.warm_up()
    _log.info(sink.describe())
    for consumer in consumers:
        consumer.wanted = partial(sink.wants, consumer.edge)
    journal.describe(description)
    journal.write(_so_far(sink, of_consumers(consumers), report, consumers))
    for consumer, frame, arrived_ns in _frames(consumers):
        if isinstance(frame, Stream):
            if frame.revision != description.revision and frame.is_imaged_anew(description):
                description = frame
                sink.begin(description)
                journal.describe(description)
            continue
        if isinstance(frame, Image):
            timing.record(frame.frame_id, frame.trail, arrived_ns)
            meter.tick()
            report = report.with_image(frame)
        crossed = frame.trail.crossed(consumer.edge.name, EdgeCounts()).edges
        report = report.with_edges(crossed, overtaken=len(consumers) > 1)
        sink.write(frame)
        behind = sink.counts()
        post(frame, arrived_ns, behind)
        journal.write(_so_far(sink, {**of_consumers(consumers), **behind}, report, consumers))
    end = sink.close(report.edges)
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    whole = _so_far(sink, {**of_consumers(consumers), **end.edges}, seen, consumers)
    return msgspec.structs.replace(whole, lost=end.lost, usage=meter.usage())


def _so_far(sink: Sink, edges: dict[str, EdgeCounts], report: SinkReport, consumers: Sequence[Consumer]) -> StageReport:
    return StageReport(
        edges,
        report,
        taken(consumers),
        recorded=sink.recorded,
        open_file=sink.open_file,
        training=sink.training,
    )


def _frames(consumers: Sequence[Consumer]) -> Iterator[tuple[Consumer, Frame | Stream, int]]:
    """Frames and what describes them, by whom they came and when in monotonic ns, until all edges have ended."""
    ended = set[Consumer]()
    for consumer, message in pull_all(consumers):
        arrived_ns = time.monotonic_ns()
        if isinstance(message, End):
            ended.add(consumer)  # one may be told twice, where its connection broke
            if len(ended) == len(consumers):
                return
        elif consumer is consumers[0] or not isinstance(message, Stream):
            yield consumer, message, arrived_ns
