"""The transforms by name."""

from __future__ import annotations

from collections.abc import Callable

from sonolucent.stream.config import Config
from sonolucent.stream.messages import Stream
from sonolucent.stream.stages.beamform import beamform
from sonolucent.stream.stages.enhance import enhance
from sonolucent.stream.stages.protocol import Transform

MAKERS: dict[str, Callable[[Config, Stream], Transform]] = {"beamform": beamform, "enhance": enhance}
