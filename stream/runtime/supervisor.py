"""One process a stage: starts them, has others stand by, hands over to those when one crashes, and gathers reports."""

from __future__ import annotations

import logging
import math
import socket
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event

import msgspec

from sonolucent.stream import pipeline
from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.errors import RunAborted, StageFailed
from sonolucent.stream.runtime.stage_process import Order, Worker

_WAIT_S = 0.02
_MAX_RESTARTS = 10
# Making ready takes seconds of a core: a run that is shorter than this is left in peace.
_STAND_BY_AFTER_S = 5.0
# Far longer than a stage needs for the few frames that are left when the one before it has ended.
_DRAIN_S = 60.0
_log = logging.getLogger(__name__)


def run_processes(config: Config, stop: Event, abort: Event) -> tuple[dict[str, StageReport], dict[str, int]]:
    """Runs every stage in a process of its own; their reports, and how often each had to be restarted.

    A stage that crashes (is killed, by a signal or by itself) is replaced by one that stands by, ready to begin, and
    goes on where it was. One that fails with a reason ends the run.

    Raises:
        StageFailed, BadInput: what a stage failed with, or that the run was aborted.
    """
    with _placed(config) as (placed, folder), _journals(pipeline.stage_names(config)) as journals:
        supervisor = _Supervisor({name: Order(name, placed, file, str(folder)) for name, file in journals.items()})
        try:
            while supervisor.running:
                supervisor.tend(stop, abort)
                time.sleep(_WAIT_S)
        finally:
            supervisor.dismiss()
        if abort.is_set():
            raise RunAborted
        return supervisor.reports(), dict(supervisor.restarts)


class _Supervisor:
    def __init__(self, orders: dict[str, Order]) -> None:
        self._orders = orders
        self._neighbours = _neighbours(orders["source"].config)
        self._begun_s = time.monotonic()
        self._standing_by: dict[str, Worker] = {}
        self._workers = {name: self._begin(name) for name in orders}
        self._ended_s: dict[str, float] = {}
        self.restarts: Counter[str] = Counter()

    @property
    def running(self) -> bool:
        return any(worker.alive for worker in self._workers.values())

    def tend(self, stop: Event, abort: Event) -> None:
        """Replaces what crashed, and ends everything when that is of no use or the run was stopped."""
        if stop.is_set():
            self._workers["source"].stop()
        for name, worker in self._workers.items():
            if worker.crashed and self._may_restart(name):
                self.restarts[name] += 1
                _log.warning("%s crashed (%s) and is started again", name, worker.fate)
                worker.dismiss()
                self._workers[name] = self._begin(name)
                for order in self._orders.values():
                    Journal(order.journal).note(self.restarts)
            elif not worker.alive:
                self._ended_s.setdefault(name, time.monotonic())
        failed = any(worker.failed for worker in self._workers.values())
        if failed or abort.is_set() or any(map(self._stranded, self.restarts)):
            for worker in self._workers.values():
                worker.abort()
        elif time.monotonic() - self._begun_s > _STAND_BY_AFTER_S:
            self._call_up()

    def dismiss(self) -> None:
        """Ends those that stand by."""
        for worker in self._standing_by.values():
            worker.dismiss()

    def reports(self) -> dict[str, StageReport]:
        answers = {name: worker.answer() for name, worker in self._workers.items()}
        failures = [answer for answer in answers.values() if isinstance(answer, Exception)]
        if failures:
            raise next((f for f in failures if str(f)), StageFailed("a stage was killed; see the lines above"))
        return {name: answer for name, answer in answers.items() if isinstance(answer, StageReport)}

    def _begin(self, name: str) -> Worker:
        worker = self._standing_by.pop(name, None)
        if worker is None or not worker.alive:
            worker = Worker(self._orders[name])
        worker.begin()
        return worker

    def _call_up(self) -> None:
        """Has another process stand by for a stage that has begun; one at a time, to disturb frames the least."""
        if not all(worker.ready for worker in self._standing_by.values()):
            return
        for name, order in self._orders.items():
            if name not in self._standing_by and self._workers[name].alive and Journal(order.journal).read().stream:
                self._standing_by[name] = Worker(order)
                return

    def _stranded(self, name: str) -> bool:
        """Whether a stage came back too late to hear that its stream had ended, and would wait for ever."""
        ended_s = min((self._ended_s.get(producer, math.inf) for producer in self._neighbours[name]), default=math.inf)
        return self._workers[name].alive and time.monotonic() - ended_s > _DRAIN_S

    def _may_restart(self, name: str) -> bool:
        """Whether its neighbours are there, or on their way back, and it has not crashed too often."""
        there = (self._workers[other].alive or self._workers[other].crashed for other in self._neighbours[name])
        return all(there) and self.restarts[name] < _MAX_RESTARTS


@contextmanager
def _placed(config: Config) -> Iterator[tuple[Config, Path]]:
    """The configuration with an address for every edge, the viewer and the metrics, and the folder of the sockets."""
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as folder:
        endpoints = {**_endpoints(config, Path(folder)), **config.endpoints}
        port, metrics = config.port or _free_ports(1)[0], config.metrics
        metrics = _free_ports(1)[0] if metrics == 0 else metrics
        yield msgspec.structs.replace(config, endpoints=endpoints, port=port, metrics=metrics), Path(folder)


@contextmanager
def _journals(stages: list[str]) -> Iterator[dict[str, int]]:
    """A file without a name for the journal of each stage."""
    with ExitStack() as stack:
        yield {stage: stack.enter_context(tempfile.TemporaryFile()).fileno() for stage in stages}


def _neighbours(config: Config) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for producer, consumer in pipeline.arrows(config):
        found[producer].add(consumer)
        found[consumer].add(producer)
    return found


def _endpoints(config: Config, folder: Path) -> dict[str, str]:
    names = [edge.name for edge in pipeline.edges(config)]
    if config.transport == "ipc":
        return {name: f"ipc://{folder / name.replace('>', '-')}" for name in names}
    return {name: f"tcp://127.0.0.1:{port}" for name, port in zip(names, _free_ports(len(names)), strict=True)}


def _free_ports(n: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
