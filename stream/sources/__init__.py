"""Sources: where frames come from.

A source is a description of the stream and an iterator of frames, nothing else; pacing and counting are done around it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from itertools import islice
from threading import Event

from sonolucent.stream.accounting.journal import Entry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.ledger import EdgeCounts, Ledger
from sonolucent.stream.messages import Channels, Stream

SCANNER = "scanner>source"


@dataclass(frozen=True)
class Source:
    """Frames of one stream, whole ones, in order.

    Args:
        stream: what they have in common.
        frames: the frames; ends when the source has no more.
        losses: frames that were acquired but never reached the program, or not whole.
        refused: messages that the program could not use.
    """

    stream: Stream
    frames: Iterator[Channels]
    losses: Ledger = field(default_factory=Ledger)
    refused: Ledger = field(default_factory=Ledger)


Opener = Callable[[Config, Event, Entry], Source]


def open_source(config: Config, stop: Event, past: Entry | None = None) -> Source:
    """The source that `config` names; its iterator ends after `config.frames` frames, or soon after `stop` is set.

    Args:
        past: the journal of a source that was killed; this one goes on behind it, with ids that were not used before.

    Raises:
        ConfigError: there is no such source.
        RecordingError: the recording to replay cannot be read.
    """
    past = past or Entry()
    source = find(config)(config, stop, past)
    n_before = past.report.edges.get(SCANNER, EdgeCounts()).delivered
    return replace(source, frames=islice(source.frames, config.frames and max(0, config.frames - n_before)))


def find(config: Config) -> Opener:
    """What opens the source that `config` names; imports it.

    Beside the three built in there are those that installed packages bring: callables of a configuration and an event,
    as entry points of the group "sonolucent.sources", chosen by their name before the colon (docs/scanner.md).

    Raises:
        ConfigError: there is no such source.
    """
    kind, _, rest = config.source.partition(":")
    if config.source == "sim":
        from sonolucent.stream.sources.simulated import simulated

        return simulated
    if kind == "replay" and rest:
        from sonolucent.stream.sources.replay import replay

        return replay
    if kind == "tcp":
        from sonolucent.stream.sources.scanner import scanner

        return scanner
    plug_ins = entry_points(group="sonolucent.sources")
    if kind in plug_ins.names:
        return _plugged_in(plug_ins[kind].load())
    known = ", ".join(["sim", "replay:FILE", "tcp://HOST:PORT", *sorted(plug_ins.names)])
    raise ConfigError(f"source {config.source!r} is none of {known}")


def _plugged_in(plug_in: Callable[[Config, Event], Source]) -> Opener:
    def opener(config: Config, stop: Event, past: Entry) -> Source:
        source = plug_in(config, stop)
        return replace(source, frames=_behind(past.next_frame_id, source.frames))

    return opener


def _behind(next_frame_id: int, frames: Iterator[Channels]) -> Iterator[Channels]:
    """The frames, numbered on from `next_frame_id` when they begin before it."""
    shift: int | None = None
    for frame in frames:
        if shift is None:
            shift = max(0, next_frame_id - frame.frame_id)
        yield replace(frame, frame_id=frame.frame_id + shift)
