"""`sonolucent stage NAME CONFIG.toml`: one stage alone; `endpoints` of the configuration say where the edges are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.commands.reports import deliver
from sonolucent.stream.commands.summary import print_stage
from sonolucent.stream.config import changed, load_config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.pipeline import pipeline, require_edges
from sonolucent.stream.runtime.run import interruptible, require_replayed_kept, tell_plans
from sonolucent.stream.runtime.run_stage import run_stage
from sonolucent.stream.transport.curve import Keys
from sonolucent.stream.transport.edge import Aborted
from sonolucent.stream.transport.sockets import open_context

_log = logging.getLogger(__name__)


class StageOptions(msgspec.Struct, frozen=True):
    """Runs one stage of a pipeline until its stream ends, and prints what became of the frames.

    Args:
        name: source, beamform, enhance, headless, viewer, recorder, or another transform or sink of the pipeline.
        config: the TOML file that all stages of the pipeline share; its `endpoints` give each edge an address.
        json: print the whole report as one JSON document on standard output and nothing else there.
    """

    name: tyro.conf.Positional[str]
    config: tyro.conf.Positional[Path]
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(StageOptions, arguments, "stage")
    config = load_config(options.config)
    if config.control is not None:
        raise ConfigError(
            f"{options.config}: control belongs to `sonolucent run`; nobody asks a stage alone: leave it out"
        )
    if config.train is not None:
        raise ConfigError(f"{options.config}: train belongs to `sonolucent run`, which changes the model: leave it out")
    config = changed(config, viewer=msgspec.structs.replace(config.viewer, controls=False))  # nobody obeys it
    require_edges(config)
    require_replayed_kept(config)
    for edge in pipeline(config).edges:
        if options.name in (edge.producer, edge.consumer) and edge.name not in config.endpoints:
            raise ConfigError(f'{options.config}: endpoints has no "{edge.name}"; give each edge an address')
    stop, abort = threading.Event(), threading.Event()
    tell_plans(config)
    with interruptible(stop, abort), open_context(Keys.of(config.keys)) as context:
        try:
            report = run_stage(options.name, config, context, stop, abort)
        except Aborted:
            _log.warning("aborted")
            return 1
    deliver(lambda: print_json(report) if options.json else print_stage(report))
    return 0
