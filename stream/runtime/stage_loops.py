"""What a stage does from the description of its stream to its end: as a source, between two others, as a sink.

A stage learns what the stream is, tells the next one, makes itself ready, and asks for frames only when those behind
it are ready too: so the first frame finds everything warm. It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import SinkReport, StageReport
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import End, Frame, Image, Message, Stream
from sonolucent.stream.metrics import Post
from sonolucent.stream.openers import SINKS, TRANSFORMS, open_source
from sonolucent.stream.pipeline import Stage
from sonolucent.stream.runtime.counting import (
    carry_on_source,
    close_all,
    from_scanner,
    of_consumers,
    of_producers,
    of_source,
    taken,
)
from sonolucent.stream.sources.source import SCANNER
from sonolucent.stream.stages.transform import FrameRefused, Transform
from sonolucent.stream.transport.consumer import Consumer, pull_all
from sonolucent.stream.transport.producer import Producer

_CONSUMER_TIMEOUT_S = 60.0
_log = logging.getLogger(__name__)


def run_source(config: Config, producers: Sequence[Producer], stop: Event, journal: Journal) -> StageReport:
    past = journal.read()
    source = open_source(config, stop, past)
    n_frames, next_frame_id, meter = carry_on_source(past.report, source), past.next_frame_id, Meter()
    _push_all(producers, source.stream)
    journal.describe(source.stream)
    source.warm_up()
    _log.info("source: %s", source.describe())
    _wait_for_consumers(producers)
    for frame in source.frames:
        n_frames, next_frame_id = n_frames + 1, frame.frame_id + 1
        journal.write(StageReport({**of_source(source, n_frames), **of_producers(producers)}), next_frame_id)
        _push_all(producers, replace(frame, trail=frame.trail.crossed(SCANNER.name, from_scanner(source, n_frames))))
        meter.tick()
    _push_all(producers, End(next_frame_id))
    return StageReport({**of_source(source, n_frames), **close_all(producers)}, usage=meter.usage())


class TransformLoop:
    """A transform between the edge that feeds it and those that it feeds.

    Args:
        prepared: one that was opened and warmed up ahead, for the stream that it was opened for.
    """

    def __init__(
        self,
        stage: Stage,
        config: Config,
        consumer: Consumer,
        producers: Sequence[Producer],
        journal: Journal,
        prepared: tuple[Stream, Transform] | None = None,
    ) -> None:
        self._stage, self._config, self._journal = stage, config, journal
        self._consumer, self._producers = consumer, producers
        self._prepared = prepared
        self._stream: Stream | None = None
        self._transform: Transform | None = None
        self._meter = Meter()

    def run(self) -> StageReport:
        for message in _messages(self._consumer):
            if isinstance(message, End):
                _push_all(self._producers, message)
                break
            if isinstance(message, Stream):
                self._begin(message)
            else:
                self._work(message)
        edges = {**of_consumers([self._consumer]), **close_all(self._producers)}
        return StageReport(edges, taken=taken([self._consumer]), usage=self._meter.usage())

    def _begin(self, stream: Stream) -> None:
        if stream == self._stream:
            return  # A producer that was restarted describes the same stream again.
        self._stream = stream
        _push_all(self._producers, stream)
        self._journal.describe(stream)
        ready = self._prepared is not None and self._prepared[0] == stream
        self._transform = self._prepared[1] if self._prepared and ready else opened(self._stage, self._config, stream)
        _wait_for_consumers(self._producers)

    def _work(self, frame: Frame) -> None:
        if self._transform is None:
            raise RuntimeError(f"{self._consumer.edge.name}: a frame came before its stream was described")
        begun_ns = time.monotonic_ns()
        self._meter.tick()
        result = None
        try:
            result = self._transform(frame)
        except FrameRefused as refusal:
            _lose_all(self._producers, refusal)
        counts = {**of_consumers([self._consumer]), **of_producers(self._producers)}
        self._journal.write(StageReport(counts, taken=taken([self._consumer])))
        if result is not None:
            _push_all(self._producers, replace(result, trail=result.trail.stamped(self._stage.name, begun_ns)))


def opened(stage: Stage, config: Config, stream: Stream) -> Transform:
    """The transform of a stage, warmed up.

    Raises:
        ConfigError: there is none of that name, or it cannot work on this stream.
    """
    transform = TRANSFORMS.find(stage.opener)(config, stream)
    transform.warm_up()
    _log.info("%s: %s", stage.name, transform.describe())
    return transform


def run_sink(stage: Stage, config: Config, consumers: Sequence[Consumer], journal: Journal, post: Post) -> StageReport:
    past = journal.read()
    description = consumers[0].describe()
    if isinstance(description, End):
        return past.report
    timing, meter, report = Timing(), Meter(), past.report.sink or SinkReport()
    sink = SINKS.find(stage.opener)(config, description, past)
    sink.warm_up()
    _log.info("%s: %s", stage.name, sink.describe())
    journal.describe(description)
    journal.write(StageReport(of_consumers(consumers), report, taken(consumers), recorded=sink.recorded))
    for consumer, frame, arrived_ns in _frames(consumers):
        if isinstance(frame, Image):
            timing.record(frame.frame_id, frame.trail, arrived_ns)
            meter.tick()
            report = report.with_image(frame)
        report = report.with_edges(frame.trail.crossed(consumer.edge.name, EdgeCounts()).edges)
        sink.write(frame)
        post(frame, arrived_ns, sink.counts())
        journal.write(StageReport(of_consumers(consumers), report, taken(consumers), recorded=sink.recorded))
    end = sink.close(report.edges)
    seen = report.with_timing(timing, load_budgets(config.budget), trace=config.trace is not None)
    edges = {**of_consumers(consumers), **end.edges}
    return StageReport(edges, seen, taken(consumers), end.lost, meter.usage(), sink.recorded)


def _messages(consumer: Consumer) -> Iterator[Message]:
    """The description first, without asking for frames yet; then everything that comes."""
    yield consumer.describe()
    for _, message in pull_all([consumer]):
        yield message


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


def _push_all(producers: Sequence[Producer], message: Message) -> None:
    for producer in producers:
        producer.push(message)


def _lose_all(producers: Sequence[Producer], refusal: FrameRefused) -> None:
    """Counts a frame that a stage refused as lost on the edges behind it; the log tells of the first one."""
    for producer in producers:
        if refusal.reason not in producer.ledger.counts().dropped:
            _log.warning("%s: dropped %s", producer.edge.name, refusal)
        producer.ledger.lose(refusal.reason)


def _wait_for_consumers(producers: Sequence[Producer]) -> None:
    """Frames flow when all who take them are ready, or after a minute without those that are not."""
    for producer in producers:
        if not producer.wait_for_consumer(_CONSUMER_TIMEOUT_S):
            waits = "waits for it" if producer.edge.policy == "lossless" else "keeps the newest frames and drops others"
            _log.warning(
                "%s: %s has not asked for a frame in %.0f s; %s goes on and %s. Is it running, and at this address?",
                producer.edge.name,
                producer.edge.consumer,
                _CONSUMER_TIMEOUT_S,
                producer.edge.producer,
                waits,
            )
