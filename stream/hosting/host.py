"""Runs the pipelines of several scanners side by side, each in a process of its own, until all have ended."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.errors import BadInput, ConfigError
from sonolucent.stream.hosting.claims import require_apart, with_ports
from sonolucent.stream.hosting.core_shares import in_words, shares
from sonolucent.stream.hosting.host_config import HostConfig, load_host_config
from sonolucent.stream.hosting.host_report import HostReport
from sonolucent.stream.hosting.listing import listing
from sonolucent.stream.hosting.telling import tell
from sonolucent.stream.hosting.watched_scanner import WatchedScanner
from sonolucent.stream.output_file import require_free
from sonolucent.stream.pipeline import require_edges
from sonolucent.stream.runtime.run import interruptible
from sonolucent.stream.sources.image_replay import of_images

_WAIT_S = 0.05


def checked_host(path: Path) -> HostConfig:
    """The configuration in a TOML file, with a port for everything, and all checked that can be before anything starts.

    Raises:
        ConfigError: it cannot be used; the message has the key's path.
    """
    host = load_host_config(path)
    try:
        require_apart(host)
        for name, config in host.scanners.items():
            _require_possible(f"scanners.{name}", config)
        return with_ports(host)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def serve_scanners(host: HostConfig) -> HostReport:
    """Runs all pipelines until each has ended, or they are interrupted (once: in order; twice: at once).

    One that fails is told at once, and disturbs no other. It is not begun again: what it had counted went with it.

    Args:
        host: with a port for everything, as `checked_host` gives.
    """
    begun_s = time.monotonic()
    stop, abort = threading.Event(), threading.Event()
    cores = dict(zip(host.scanners, shares(os.sched_getaffinity(0), len(host.scanners)), strict=True))
    warnings = tuple(shortages(host.scanners, cores))
    for line in warnings:
        tell(line)
    with interruptible(stop, abort):
        scanners = [WatchedScanner(name, config, cores[name]) for name, config in host.scanners.items()]
        for scanner in scanners:
            tell(f"{scanner.name}: process {scanner.process.pid}, {in_words(cores[scanner.name])}")
        with listing(host.port, lambda: [scanner.row() for scanner in scanners]):
            _see_to_their_end(scanners, stop, abort)
    outcomes = {scanner.name: scanner.outcome() for scanner in scanners}
    return HostReport(
        seconds=round(time.monotonic() - begun_s, 3),
        interrupted=stop.is_set(),
        failed=[name for name, outcome in outcomes.items() if outcome.report is None],
        warnings=warnings,
        scanners=outcomes,
    )


def shortages(scanners: Mapping[str, Config], cores: Mapping[str, frozenset[int]]) -> Iterator[str]:
    """Which scanners have fewer cores than their budgets are made for; one sentence a budget."""
    n_cores, n_scanners = len(frozenset().union(*cores.values())), len(scanners)
    for budget in dict.fromkeys(config.budget for config in scanners.values()):
        needed = load_budgets(budget).cores
        held = [name for name, config in scanners.items() if config.budget == budget]
        short = [name for name in held if len(cores[name]) < needed or n_cores < n_scanners]
        if short:
            yield (
                f"{', '.join(short)}: {n_cores} cores are few for {n_scanners} scanners: the budgets of {budget} take "
                f"{needed} for each with frames of the reference probe; at that size and rate frames may be lost"
            )


def _require_possible(where: str, config: Config) -> None:
    """What `run` refuses at its beginning as well: other scanners need not have begun then."""
    try:
        require_edges(of_images(config))
        for file in filter(None, (config.record, config.trace)):
            require_free(Path(file), overwrite=config.overwrite)
    except BadInput as error:
        raise ConfigError(f"{where}: {error}") from error


def _see_to_their_end(scanners: list[WatchedScanner], stop: threading.Event, abort: threading.Event) -> None:
    told_to_stop = False
    while running := [scanner for scanner in scanners if scanner.answer is None]:
        if stop.is_set() and not told_to_stop:
            told_to_stop = True
            for scanner in running:
                scanner.process.stop()
        if abort.is_set():
            for scanner in running:
                scanner.process.kill()
        for scanner in running:
            if not scanner.process.alive:
                _end(scanner)
        time.sleep(_WAIT_S)


def _end(scanner: WatchedScanner) -> None:
    """Takes its report, and tells at once what became of it."""
    answer = scanner.answer = scanner.process.answer()
    if answer.report is None:
        tell(f"{scanner.name}: failed: {answer.error}")
    else:
        tell(f"{scanner.name}: ended, {answer.report.frames_in} frames in, {answer.report.frames_out} out")
