"""One process a stage: starts them, keeps spares ready, hands over to those when one crashes, and gathers reports."""

from __future__ import annotations

import logging
import math
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from threading import Event

from sonolucent.stream.accounting.journal import Journal
from sonolucent.stream.accounting.report import StageReport
from sonolucent.stream.config import Config
from sonolucent.stream.control.hub import controlled
from sonolucent.stream.errors import RunAborted, StageFailed
from sonolucent.stream.pipeline import Pipeline, Stage, pipeline
from sonolucent.stream.runtime.placement import placed
from sonolucent.stream.runtime.stage_process import Order, StageProcess
from sonolucent.stream.transport.sockets import open_context

_WAIT_S = 0.02
_MAX_RESTARTS = 10
# Making ready takes seconds of a core: a run that is shorter than this is left in peace.
_SPARES_AFTER_S = 5.0
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
    with (
        placed(config) as (its_config, folder),
        _journals(pipeline(config).stages) as journals,
        open_context(None) as context,
        controlled(its_config, context),
    ):
        orders = {name: Order(name, its_config, file, str(folder)) for name, file in journals.items()}
        supervisor = _Supervisor(orders, pipeline(config))
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
    def __init__(self, orders: dict[str, Order], table: Pipeline) -> None:
        self._orders = orders
        self._neighbours = _neighbours(table)
        self._begun_s = time.monotonic()
        self._spares: dict[str, StageProcess] = {}
        self._processes = {name: self._begin(name) for name in orders}
        self._ended_s: dict[str, float] = {}
        self.restarts: Counter[str] = Counter()

    @property
    def running(self) -> bool:
        return any(process.alive for process in self._processes.values())

    def tend(self, stop: Event, abort: Event) -> None:
        """Replaces what crashed, and ends everything when that is of no use or the run was stopped."""
        for process in (*self._processes.values(), *self._spares.values()):
            process.look()
        if stop.is_set():
            self._processes["source"].stop()
        for name, process in self._processes.items():
            if process.crashed and self._may_restart(name):
                self.restarts[name] += 1
                _log.warning("%s crashed (%s) and is started again", name, process.fate)
                process.dismiss()
                self._processes[name] = self._begin(name)
                for order in self._orders.values():
                    Journal(order.journal).note(self.restarts)
            elif not process.alive:
                self._ended_s.setdefault(name, time.monotonic())
        failed = any(process.failed for process in self._processes.values())
        if failed or abort.is_set() or any(map(self._stranded, self.restarts)):
            for process in self._processes.values():
                process.abort()
        elif time.monotonic() - self._begun_s > _SPARES_AFTER_S:
            self._start_a_spare()

    def dismiss(self) -> None:
        """Ends those that stand by."""
        for process in self._spares.values():
            process.dismiss()

    def reports(self) -> dict[str, StageReport]:
        answers = {name: process.answer() for name, process in self._processes.items()}
        failures = {name: answer for name, answer in answers.items() if isinstance(answer, Exception)}
        if failures:
            silent = StageFailed(f"{', '.join(failures)} ended without a report; see the lines above")
            raise next((failure for failure in failures.values() if str(failure)), silent)
        return {name: answer for name, answer in answers.items() if isinstance(answer, StageReport)}

    def _begin(self, name: str) -> StageProcess:
        process = self._spares.pop(name, None)
        if process is None or not process.alive:
            process = StageProcess(self._orders[name])
        process.begin()
        return process

    def _start_a_spare(self) -> None:
        """Has another process stand by for a stage that has begun; one at a time, to disturb frames the least."""
        if not all(process.ready for process in self._spares.values()):
            return
        for name, order in self._orders.items():
            if name not in self._spares and self._processes[name].alive and Journal(order.journal).read().stream:
                self._spares[name] = StageProcess(order)
                return

    def _stranded(self, name: str) -> bool:
        """Whether a stage came back too late to hear that its stream had ended, and would wait for ever."""
        ended_s = min((self._ended_s.get(producer, math.inf) for producer in self._neighbours[name]), default=math.inf)
        return self._processes[name].alive and time.monotonic() - ended_s > _DRAIN_S

    def _may_restart(self, name: str) -> bool:
        """Whether its neighbours are there, or on their way back, and it has not crashed too often."""
        there = (self._processes[other].alive or self._processes[other].crashed for other in self._neighbours[name])
        return all(there) and self.restarts[name] < _MAX_RESTARTS


@contextmanager
def _journals(stages: Sequence[Stage]) -> Iterator[dict[str, int]]:
    """A file without a name for the journal of each stage."""
    with ExitStack() as stack:
        yield {stage.name: stack.enter_context(tempfile.TemporaryFile()).fileno() for stage in stages}


def _neighbours(table: Pipeline) -> dict[str, set[str]]:
    found = defaultdict[str, set[str]](set)
    for edge in table.edges:
        found[edge.producer].add(edge.consumer)
        found[edge.consumer].add(edge.producer)
    return found
