"""What a source does from the description of its stream to its end.

It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

from sonolucent.stream.accounting.journal import Journal, JournalEntry
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, End, Stream
from sonolucent.stream.openers import open_source
from sonolucent.stream.runtime.counting import carry_on_source, close_all, from_scanner, of_producers, of_source
from sonolucent.stream.runtime.feeding import push_all, wait_for_consumers
from sonolucent.stream.runtime.obedience import Obeying
from sonolucent.stream.sources.source import SCANNER, NeverBegan, Source
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.wire import decode, encode
from sonolucent.stream.transport.wire_header import WireError

_log = logging.getLogger(__name__)


def run_source(
    config: Config, producers: Sequence[Producer], stop: Event, journal: Journal, obeying: Obeying
) -> StageReport:
    past = journal.read()
    try:
        source = open_source(config, stop, past)
    except NeverBegan:
        push_all(producers, End(0))
        return StageReport({SCANNER.name: EdgeCounts(), **close_all(producers)})
    with obeying(source.obey):
        return _pass_on(source, config, producers, journal, past)


def _pass_on(
    source: Source, config: Config, producers: Sequence[Producer], journal: Journal, past: JournalEntry
) -> StageReport:
    stream = _imaged(source, config)
    n_frames, next_frame_id, meter = carry_on_source(past.report, source), past.next_frame_id, Meter()
    _require_acceptable(stream, config)
    push_all(producers, stream)
    journal.describe(stream)
    source.warm_up()
    _log.info(source.describe())
    wait_for_consumers(producers)
    for frame in source.frames:
        if isinstance(frame, Channels) and frame.ahead:
            push_all(producers[:1], frame)  # the stage that works on shots; others want whole frames
            continue
        n_frames, next_frame_id = n_frames + 1, frame.frame_id + 1
        journal.write(StageReport({**of_source(source, n_frames), **of_producers(producers)}), next_frame_id)
        push_all(producers, replace(frame, trail=frame.trail.crossed(SCANNER.name, from_scanner(source, n_frames))))
        meter.tick()
    push_all(producers, End(next_frame_id))
    return StageReport(
        {**of_source(source, n_frames), **close_all(producers)}, usage=meter.usage(), warnings=source.warnings
    )


def _require_acceptable(stream: Stream, config: Config) -> None:
    """Refuses a stream that the next stage would refuse, and wait for another for ever.

    Raises:
        ConfigError: what it says cannot be.
    """
    try:
        decode(encode(stream))
    except WireError as error:
        raise ConfigError(f"{config.source}: {error}; correct it in the file") from error


def _imaged(source: Source, config: Config) -> Stream:
    """The stream with the settings that images are made with, or were.

    Raises:
        ConfigError: the settings do not suit what was acquired.
    """
    if source.of_images:
        if config.imaging.chosen:
            raise ConfigError(
                f"imaging: {config.source} holds images, not channel data; {', '.join(config.imaging.chosen)} would "
                "change nothing"
            )
        return source.stream
    try:
        return source.stream.imaged(config.imaging)
    except ValueError as error:
        raise ConfigError(f"imaging: {error}") from error
