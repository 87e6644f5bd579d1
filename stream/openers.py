"""What opens the stages of each kind: three registries of one shape, all open to installed packages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from threading import Event
from typing import Any, Literal

from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Frame
from sonolucent.stream.registry import Registry
from sonolucent.stream.sinks.sink import SinkOpener
from sonolucent.stream.sources.source import SCANNER, Source, SourceOpener
from sonolucent.stream.stages.transform import TransformOpener

SOURCES: Registry[SourceOpener] = Registry(
    "source",
    {
        "sim": "sonolucent.stream.sources.simulated:open_source",
        "replay:FILE": "sonolucent.stream.sources.replay:open_source",
        "images:FILE": "sonolucent.stream.sources.image_replay:open_source",
        "tcp://HOST:PORT": "sonolucent.stream.sources.scanner:open_source",
    },
)
TRANSFORMS: Registry[TransformOpener] = Registry(
    "transform",
    {
        "beamform": "sonolucent.stream.stages.beamform:open_transform",
        "enhance": "sonolucent.stream.stages.enhance:open_transform",
    },
)
SINKS: Registry[SinkOpener] = Registry(
    "sink",
    {
        "headless": "sonolucent.stream.sinks.headless:open_sink",
        "recorder": "sonolucent.stream.sinks.told_recorder:open_sink",
        "viewer": "sonolucent.stream.viewer.viewer_sink:open_sink",
        "igtl": "sonolucent.stream.sinks.igtl:open_sink",
        "trainer": "sonolucent.stream.sinks.trainer:open_sink",
    },
)

StageKind = Literal["source", "transform", "sink"]
OPENERS: dict[StageKind, Registry[Any]] = {"source": SOURCES, "transform": TRANSFORMS, "sink": SINKS}


def open_source(config: Config, stop: Event, past: JournalEntry | None = None) -> Source:
    """The source that `config` names; its iterator ends after `config.frames` frames, or soon after `stop` is set.

    Args:
        past: the journal of a source that was killed; this one goes on behind it, with ids that were not used before.

    Raises:
        ConfigError: there is no such source.
        RecordingError: the recording to replay cannot be read.
    """
    past = past or JournalEntry()
    source = SOURCES.find(config.source)(config, stop, past)
    n_before = past.report.edges.get(SCANNER.name, EdgeCounts()).delivered
    frames = _behind(past.next_frame_id, source.frames)
    if config.frames is not None:
        frames = _first(max(0, config.frames - n_before), frames)
    return replace(source, frames=frames)


def _first(n: int, frames: Iterator[Frame]) -> Iterator[Frame]:
    """So many of the frames, with the shots that come ahead of them."""
    while n > 0 and (frame := next(frames, None)) is not None:
        n -= not (isinstance(frame, Channels) and frame.ahead)
        yield frame


def _behind(next_frame_id: int, frames: Iterator[Frame]) -> Iterator[Frame]:
    """The frames, numbered on from `next_frame_id` when they begin before it."""
    shift: int | None = None
    for frame in frames:
        if shift is None:
            shift = max(0, next_frame_id - frame.frame_id)
        yield replace(frame, frame_id=frame.frame_id + shift) if shift else frame
