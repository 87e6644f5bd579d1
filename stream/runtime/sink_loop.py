"""What a sink does from the description of its stream to its end.

It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

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
from sonolucent.stream.transport.consumer import Consumer, pull_all

_log = logging.getLogger(__name__)


def run_sink(stage: Stage, config: Config, consumers: Sequence[Consumer], journal: Journal, post: Post) -> StageReport:
    past = journal.read()
    description = consumers[0].describe()
    if isinstance(description, End):
        return past.report
    timing, meter, report = Timing(), Meter(), past.report.sink or SinkReport()
    sink = SINKS.find(stage.opener)(config, description, past)
    sink.warm_up()
    _log.info(sink.describe())
    journal.describe(description)
    journal.write(StageReport(of_consumers(consumers), report, taken(consumers), recorded=sink.recorded))
    for consumer, frame, arrived_ns in _frames(consumers):
        if isinstance(frame, Image):
            timing.record(frame.frame_id, frame.trail, arrived_ns)
            meter.tick()
            report = report.with_image(frame)
        crossed = frame.trail.crossed(consumer.edge.name, EdgeCounts()).edges
        report = report.with_edges(crossed, overtaken=len(consumers) > 1)
        sink.write(frame)
        behind = sink.counts()
        post(frame, arrived_ns, behind)
        edges = {**of_consumers(consumers), **behind}
        journal.write(StageReport(edges, report, taken(consumers), recorded=sink.recorded))
    end = sink.close(report.edges)
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    edges = {**of_consumers(consumers), **end.edges}
    return StageReport(edges, seen, taken(consumers), end.lost, meter.usage(), sink.recorded)


def _frames(consumers: Sequence[Consumer]) -> Iterator[tuple[Consumer, Frame, int]]:
    """Frames, by whom they came and when in monotonic ns, until all edges have ended."""
    ended = 0
    for consumer, message in pull_all(consumers):
        arrived_ns = time.monotonic_ns()
        if isinstance(message, End):
            ended += 1
            if ended == len(consumers):
                return
        elif not isinstance(message, Stream):
            yield consumer, message, arrived_ns
