"""The pipeline as a table: its stages, and the edges by which frames pass from one to the next.

source ──channel data──> beamform ──B-mode──> enhance ──images──> viewer, recorder, headless
   └─────channel data──> recorder, trainer
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.openers import OPENERS, StageKind
from sonolucent.stream.transport.edge import Edge


@dataclass(frozen=True)
class Stage:
    """One stage; `opener` is the word by which the registry of its kind finds what opens it."""

    name: str
    kind: StageKind
    opener: str


@dataclass(frozen=True)
class Pipeline:
    stages: tuple[Stage, ...]
    edges: tuple[Edge, ...]

    @property
    def reporter(self) -> Stage:
        """The sink whose figures are the run's."""
        return next(stage for stage in self.stages if stage.kind == "sink")


def pipeline(config: Config) -> Pipeline:
    """The pipeline that a configuration asks for.

    Raises:
        ConfigError: nothing opens one of its stages, or two have one name.
    """
    chain = [Stage("source", "source", config.source), *(_stage("transform", word) for word in config.transforms)]
    of_images = [_stage("sink", word) for word in _sinks(config)]
    of_channels = [_stage("sink", "trainer")] if config.train is not None else []
    sinks = [*of_images, *of_channels]
    names = Counter(stage.name for stage in (*chain, *sinks))
    for stage in (*chain, *sinks):
        OPENERS[stage.kind].require(stage.opener)
        if names[stage.name] > 1:
            raise ConfigError(f"{names[stage.name]} stages are called {stage.name!r}; each must have a name of its own")
    arrows = [*pairwise(stage.name for stage in chain), *((chain[-1].name, sink.name) for sink in of_images)]
    raw = [("source", "recorder")] if _records_channels(config) else []
    raw += [("source", sink.name) for sink in of_channels]
    return Pipeline((*chain, *sinks), tuple(_edge(config, *arrow) for arrow in [*arrows, *raw]))


def require_edges(config: Config) -> None:
    """Refuses an endpoint of what is no edge: it would be left out in silence, or be where stages take orders.

    Raises:
        ConfigError: `endpoints` names one.
    """
    edges = [edge.name for edge in pipeline(config).edges]
    for name in config.endpoints:
        if name not in edges:
            raise ConfigError(f'endpoints: "{name}" is no edge of this pipeline; it has {", ".join(edges)}')


def _stage(kind: StageKind, word: str) -> Stage:
    return Stage(word.partition(":")[0], kind, word)


def _sinks(config: Config) -> Iterator[str]:
    """The one that reports comes first."""
    wanted = {
        "viewer": config.view,
        "recorder": config.record is not None or config.is_controlled,
        "igtl": config.igtl is not None,
    }
    chosen = [*(name for name, asked_for in wanted.items() if asked_for), *config.sinks]
    # A recorder that can be told to stop does not see all frames.
    sees_all = bool(chosen) and not config.headless and not config.is_controlled
    return iter(chosen if config.view or sees_all else ["headless", *chosen])


def _records_channels(config: Config) -> bool:
    """Whether channel data may be asked for; a sliding aperture has no whole frames of them."""
    told_to = config.is_controlled and config.every is None and not config.source.startswith("images:")
    return config.record_channels or told_to


def _edge(config: Config, producer: str, consumer: str) -> Edge:
    if consumer in ("viewer", "igtl"):
        return Edge(producer, consumer, "latest", 1)
    if consumer == "trainer":
        return Edge(producer, consumer, "latest", 1, on_demand=True, awaited=False)
    if not config.live:
        return _to_the_recorder(config, Edge(producer, consumer, "lossless", 1))
    return _to_the_recorder(config, Edge(producer, consumer, "drop_oldest", 32 if consumer == "recorder" else 2))


def _to_the_recorder(config: Config, edge: Edge) -> Edge:
    """A recorder that can be told to begin and to stop takes nothing meanwhile; what it begins with is waited for."""
    if edge.consumer != "recorder" or not config.is_controlled:
        return edge
    is_raw = edge.producer == "source" and bool(config.transforms)
    awaited = config.record_channels if is_raw else config.record is not None
    return replace(edge, on_demand=True, awaited=awaited)
