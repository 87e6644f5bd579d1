"""One stage of a pipeline with its edges, made ready ahead or not, from its beginning or from its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from threading import Event

from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.control.client import RunControl
from sonolucent.stream.control.hub import EDGE, IN_PROCESS, USERS
from sonolucent.stream.control.orders import ControlledStage, Order, Told
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Stream
from sonolucent.stream.metrics import served
from sonolucent.stream.openers import OPENERS
from sonolucent.stream.pipeline import Pipeline, Stage, pipeline
from sonolucent.stream.runtime.counting import carry_on
from sonolucent.stream.runtime.placement import Ends, SocketEnds
from sonolucent.stream.runtime.sink_loop import run_sink
from sonolucent.stream.runtime.source_loop import run_source
from sonolucent.stream.runtime.transform_loop import TransformLoop, opened
from sonolucent.stream.sinks.sink import Run
from sonolucent.stream.stages.transform import Transform
from sonolucent.stream.transport.consumer import Consumer
from sonolucent.stream.transport.producer import Producer
from sonolucent.stream.transport.sockets import Context

Prepared = tuple[Stream, Transform]


def make_ready(name: str, config: Config, stream: Stream) -> Prepared | None:
    """Does ahead what a stage can do before its turn comes: imports, and the plans and warm-up of a transform.

    Raises:
        ConfigError: as `run_stage`.
    """
    stage = _stage(pipeline(config), name)
    if stage.kind == "transform":
        return stream, opened(stage, config, stream)
    OPENERS[stage.kind].find(stage.opener)
    return None


def run_stage(
    name: str,
    config: Config,
    context: Context,
    stop: Event,
    abort: Event,
    journal: Journal | None = None,
    prepared: Prepared | None = None,
    ends: Ends | None = None,
) -> StageReport:
    """Runs one stage until its stream ends: `stop` ends a source in order, `abort` ends anything at once.

    Args:
        journal: where it goes on from, and writes what it does; without one it starts anew, and no other process can
            continue it.
        prepared: what `make_ready` made.
        ends: where its edges end; sockets by default, at the endpoints of the configuration.

    Raises:
        Aborted: `abort` was set.
        ConfigError: there is no such stage.
    """
    table, journal = pipeline(config), journal or Journal()
    stage = _stage(table, name)
    with _open_edges(table, stage, ends or SocketEnds(config, context, abort)) as (consumers, producers):
        carry_on(journal.read().report, consumers, producers)
        obeying = partial(_obeying, name, config, context)
        if stage.kind == "source":
            return run_source(config, producers, stop, journal, obeying)
        if stage.kind == "transform":
            loop = TransformLoop(stage, config, consumers[0], producers, journal, prepared)
            with obeying(loop.obey):
                return loop.run()
        run = _run_around(config, context, journal)
        with served(config, journal.restarts, wanted=stage == table.reporter) as post:
            return run_sink(stage, config, consumers, journal, post, run, obeying)


def _stage(table: Pipeline, name: str) -> Stage:
    found = {stage.name: stage for stage in table.stages}
    if name not in found:
        raise ConfigError(f"no stage {name!r} in this pipeline; it has {', '.join(found)}")
    return found[name]


def _obeying(
    name: str, config: Config, context: Context, obey: Callable[[Order], bool | Told]
) -> AbstractContextManager[object]:
    if not config.is_controlled:
        return nullcontext()
    return ControlledStage(name, config.endpoints.get(EDGE, IN_PROCESS[EDGE]), context, obey)


def _run_around(config: Config, context: Context, journal: Journal) -> Run:
    if not config.is_controlled:
        return Run(restarts=journal.restarts)
    control = RunControl(context, config.endpoints.get(USERS, IN_PROCESS[USERS]))
    return Run(control.ask, journal.restarts, control.close)


@contextmanager
def _open_edges(table: Pipeline, stage: Stage, ends: Ends) -> Iterator[tuple[list[Consumer], list[Producer]]]:
    with ExitStack() as stack:
        consumers, producers = [], []
        for edge in table.edges:
            if stage.name == edge.producer:
                producers.append(ends.producer(edge))
                stack.callback(producers[-1].close)
            if stage.name == edge.consumer:
                consumers.append(ends.consumer(edge))
                stack.callback(consumers[-1].close)
        yield consumers, producers
