"""One process a stage: starts them, restarts those that crash, and gathers what they report."""

from __future__ import annotations

import logging
import math
import socket
import tempfile
import time
from collections import Counter
from pathlib import Path
from threading import Event

import msgspec

from sonolucent.stream import pipeline, stages
from sonolucent.stream.config import Config
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.report import StageReport
from sonolucent.stream.worker import Worker

_WAIT_S = 0.05
_MAX_RESTARTS = 10
# Far longer than a stage needs for the few frames that are left when the one before it has ended.
_DRAIN_S = 60.0
_log = logging.getLogger(__name__)


def run_processes(config: Config, stop: Event, abort: Event) -> tuple[dict[str, StageReport], dict[str, int]]:
    """Runs every stage in a process of its own; their reports, and how often each had to be restarted.

    A stage between source and sinks that crashes (is killed, by a signal or by itself) is started again; one that
    fails with a reason ends the run, as does a source or a sink that crashes.

    Raises:
        StageFailed, BadInput: what a stage failed with, or that the run was aborted.
    """
    with tempfile.TemporaryDirectory(prefix="sonolucent-") as folder:
        placed = msgspec.structs.replace(config, endpoints={**_endpoints(config, Path(folder)), **config.endpoints})
        supervisor = _Supervisor(placed)
        while supervisor.running:
            supervisor.tend(stop, abort)
            time.sleep(_WAIT_S)
        if abort.is_set():
            raise StageFailed("aborted; what was in flight is lost, and no ledger could be drawn up")
        return supervisor.reports(), dict(supervisor.restarts)


class _Supervisor:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._workers = {name: Worker(name, config) for name in pipeline.stage_names(config)}
        self._producers = {consumer: producer for producer, consumer in pipeline.arrows(config)}
        self._ended_s: dict[str, float] = {}
        self.restarts: Counter[str] = Counter()

    @property
    def running(self) -> bool:
        return any(worker.alive for worker in self._workers.values())

    def tend(self, stop: Event, abort: Event) -> None:
        """Restarts what crashed, and ends everything when that is of no use or the run was stopped."""
        if stop.is_set():
            self._workers["source"].stop()
        for name, worker in self._workers.items():
            if worker.crashed and self._may_restart(name):
                self.restarts[name] += 1
                _log.warning("%s crashed (%s) and is started again", name, worker.fate)
                self._workers[name] = Worker(name, self._config)
            elif not worker.alive:
                self._ended_s.setdefault(name, time.monotonic())
        failed = any(worker.failed for worker in self._workers.values())
        if failed or abort.is_set() or any(map(self._stranded, self.restarts)):
            for worker in self._workers.values():
                worker.abort()

    def reports(self) -> dict[str, StageReport]:
        answers = {name: worker.answer() for name, worker in self._workers.items()}
        failures = [answer for answer in answers.values() if isinstance(answer, Exception)]
        if failures:
            raise next((f for f in failures if str(f)), StageFailed("a stage was killed; see the lines above"))
        return {name: answer for name, answer in answers.items() if isinstance(answer, StageReport)}

    def _stranded(self, name: str) -> bool:
        """Whether a stage came back too late to hear that its stream had ended, and would wait for ever."""
        ended_s = self._ended_s.get(self._producers[name], math.inf)
        return self._workers[name].alive and time.monotonic() - ended_s > _DRAIN_S

    def _may_restart(self, name: str) -> bool:
        fed = name in stages.MAKERS and self._workers[self._producers[name]].alive
        return fed and self.restarts[name] < _MAX_RESTARTS


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
