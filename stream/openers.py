"""What opens the stages of each kind: three registries of one shape, all open to installed packages."""

from __future__ import annotations

from typing import Any, Literal

from sonolucent.stream.registry import Registry
from sonolucent.stream.sinks.sink import SinkOpener
from sonolucent.stream.sources.source import SourceOpener
from sonolucent.stream.stages.transform import TransformOpener

SOURCES: Registry[SourceOpener] = Registry(
    "source",
    {
        "sim": "sonolucent.stream.sources.simulated:open_source",
        "replay:FILE": "sonolucent.stream.sources.replay:open_source",
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
        "recorder": "sonolucent.stream.sinks.recorder:open_sink",
        "viewer": "sonolucent.stream.viewer.viewer_sink:open_sink",
    },
)

Kind = Literal["source", "transform", "sink"]
OPENERS: dict[Kind, Registry[Any]] = {"source": SOURCES, "transform": TRANSFORMS, "sink": SINKS}
