"""A sink that takes frames and does nothing: the pipeline measures."""

from __future__ import annotations

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Frame, Stream
from sonolucent.stream.sinks.sink import Sink


class Headless(Sink):
    def write(self, frame: Frame) -> None:
        pass

    def describe(self) -> str:
        return "frames are counted and timed, and go nowhere"


def open_sink(config: Config, stream: Stream, past: JournalEntry) -> Sink:
    return Headless()
