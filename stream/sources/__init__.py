"""Sources: where frames come from.

A source is a description of the stream and an iterator of frames, nothing else; pacing and counting are done around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from itertools import islice
from threading import Event

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.frames import Channels, Stream
from sonolucent.stream.ledger import Ledger


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


def open_source(config: Config, stop: Event) -> Source:
    """The source that `config` names; its iterator ends after `config.frames` frames, or soon after `stop` is set.

    Beside the three built in there are those that installed packages bring: callables like this one, as entry points of
    the group "sonolucent.sources", chosen by their name before the colon (docs/scanner.md).

    Raises:
        ConfigError: there is no such source.
        RecordingError: the recording to replay cannot be read.
    """
    source = _open(config, stop)
    return replace(source, frames=islice(source.frames, config.frames))


def _open(config: Config, stop: Event) -> Source:
    kind, _, rest = config.source.partition(":")
    if config.source == "sim":
        from sonolucent.stream.sources.simulated import simulated

        return simulated(config, stop)
    if kind == "replay" and rest:
        from sonolucent.stream.sources.replay import replay

        return replay(config, rest, stop)
    if kind == "tcp":
        from sonolucent.stream.sources.scanner import scanner

        return scanner(config, stop)
    plug_ins = entry_points(group="sonolucent.sources")
    if kind in plug_ins.names:
        plugged_in: Source = plug_ins[kind].load()(config, stop)
        return plugged_in
    known = ", ".join(["sim", "replay:FILE", "tcp://HOST:PORT", *sorted(plug_ins.names)])
    raise ConfigError(f"source {config.source!r} is none of {known}")
