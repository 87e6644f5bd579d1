"""What a source does from the description of its stream to its end.

It keeps a journal, from which another process can go on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from threading import Event

from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.accounting.usage import Meter
from sonolucent.stream.config import Config
from sonolucent.stream.messages import End
from sonolucent.stream.openers import open_source
from sonolucent.stream.runtime.counting import carry_on_source, close_all, from_scanner, of_producers, of_source
from sonolucent.stream.runtime.feeding import push_all, wait_for_consumers
from sonolucent.stream.sources.source import SCANNER
from sonolucent.stream.transport.producer import Producer

_log = logging.getLogger(__name__)


def run_source(config: Config, producers: Sequence[Producer], stop: Event, journal: Journal) -> StageReport:
    past = journal.read()
    source = open_source(config, stop, past)
    n_frames, next_frame_id, meter = carry_on_source(past.report, source), past.next_frame_id, Meter()
    push_all(producers, source.stream)
    journal.describe(source.stream)
    source.warm_up()
    _log.info(source.describe())
    wait_for_consumers(producers)
    for frame in source.frames:
        n_frames, next_frame_id = n_frames + 1, frame.frame_id + 1
        journal.write(StageReport({**of_source(source, n_frames), **of_producers(producers)}), next_frame_id)
        push_all(producers, replace(frame, trail=frame.trail.crossed(SCANNER.name, from_scanner(source, n_frames))))
        meter.tick()
    push_all(producers, End(next_frame_id))
    return StageReport({**of_source(source, n_frames), **close_all(producers)}, usage=meter.usage())
