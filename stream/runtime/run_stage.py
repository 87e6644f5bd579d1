"""One stage of a pipeline with its edges, made ready ahead or not, from its beginning or from its journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event

from sonolucent.stream import sinks, sources
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Stream
from sonolucent.stream.metrics import served
from sonolucent.stream.pipeline import arrows, edges, stage_names
from sonolucent.stream.runtime.counting import carry_on
from sonolucent.stream.runtime.stage_loops import Prepared, run_sink, run_source, run_transform
from sonolucent.stream.stages.makers import MAKERS
from sonolucent.stream.transport.consumer import PullEdge
from sonolucent.stream.transport.producer import PushEdge
from sonolucent.stream.transport.sockets import Context


def prepare(name: str, config: Config, stream: Stream) -> Prepared | None:
    """Does ahead what a stage can do before its turn comes: imports, and the plans and warm-up of a transform.

    Raises:
        ConfigError: as `run_stage`.
    """
    if name == "source":
        sources.find(config)
    elif name in MAKERS:
        return stream, MAKERS[name](config, stream)
    else:
        sinks.find(name)
    return None


def run_stage(
    name: str,
    config: Config,
    context: Context,
    stop: Event,
    abort: Event,
    journal: Journal | None = None,
    prepared: Prepared | None = None,
) -> StageReport:
    """Runs one stage until its stream ends: `stop` ends a source in order, `abort` ends anything at once.

    Args:
        journal: where it goes on, and writes what it does; without one it begins and is not gone on from.
        prepared: what `prepare` made.

    Raises:
        Aborted: `abort` was set.
        ConfigError: there is no such stage.
    """
    if name not in stage_names(config):
        raise ConfigError(f"no stage {name!r} in this pipeline; it has {', '.join(stage_names(config))}")
    journal = journal or Journal()
    with _open_edges(name, config, context, abort) as (pulls, pushes):
        carry_on(journal.read().report, pulls, pushes)
        if name == "source":
            return run_source(config, pushes, stop, journal)
        if name in MAKERS:
            return run_transform(name, config, pulls[0], pushes, journal, prepared)
        with served(name, config, journal.restarts) as post:
            return run_sink(name, config, pulls, journal, post)


@contextmanager
def _open_edges(
    stage: str, config: Config, context: Context, abort: Event
) -> Iterator[tuple[list[PullEdge], list[PushEdge]]]:
    with ExitStack() as stack:
        pulls, pushes = [], []
        for edge, (producer, consumer) in zip(edges(config), arrows(config), strict=True):
            if stage == producer:
                pushes.append(PushEdge(edge, context, abort))
                stack.callback(pushes[-1].close)
            if stage == consumer:
                pulls.append(PullEdge(edge, context, abort))
                stack.callback(pulls[-1].close)
        yield pulls, pushes
