"""The engine `local`: processes of this machine, each with a bench that stays warm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any, Generic, Self

from sonolucent.stream.engines.work_engine import Lost, Made, Work, Workshop

_QUEUED = 2
"""Units of a process: one in work, and one for when that is done."""
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_WORKER = "sonolucent.stream.engines.worker_process"


class LocalEngine(Generic[Work, Made]):
    """Processes of this machine. One that dies is replaced.

    Args:
        workshop: makes the benches.
        workers: how many processes.
        threads: of each.
    """

    name = "local"

    def __init__(self, workshop: Workshop[Work, Made], workers: int, threads: int) -> None:
        self._workshop, self.workers, self._threads = workshop, workers, threads
        self._processes: list[_Worker[Work]] = []
        self._outcomes: deque[Made | Lost] = deque()

    def __enter__(self) -> Self:
        self._processes = [_Worker[Work](self._workshop, self._threads) for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()

    @property
    def room(self) -> int:
        return sum(_QUEUED - len(process.units) for process in self._processes)

    def submit(self, unit: Work) -> None:
        min(self._processes, key=lambda process: len(process.units)).take(unit)

    def next_outcome(self) -> Made | Lost:
        while not self._outcomes:
            ready = wait([process.connection for process in self._processes if process.units])
            for process in [each for each in self._processes if each.connection in ready]:
                self._hear(process)
        return self._outcomes.popleft()

    def _hear(self, process: _Worker[Work]) -> None:
        try:
            self._outcomes.append(process.connection.recv())
            process.units.popleft()
        except (EOFError, OSError):
            self._replace(process)

    def _replace(self, dead: _Worker[Work]) -> None:
        """The unit that it worked on is lost, the one behind it has another process."""
        self._processes[self._processes.index(dead)] = fresh = _Worker[Work](self._workshop, self._threads)
        lost, *waiting = dead.units
        self._outcomes.append(Lost(lost.number, f"its process {dead.end()}"))
        for unit in waiting:
            fresh.take(unit)


class _Worker(Generic[Work]):
    """A process, and the units that it has been given, the one in work first."""

    def __init__(self, workshop: Workshop[Work, Any], threads: int) -> None:
        self.units: deque[Work] = deque()
        self.connection, theirs = Pipe()
        # Its standard input tells it when this process ends, however that does.
        self._process = subprocess.Popen(
            [sys.executable, "-m", _WORKER, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **dict.fromkeys(_THREAD_COUNTS, str(threads))},
        )
        theirs.close()
        self.connection.send((workshop, threads))

    def take(self, unit: Work) -> None:
        self.units.append(unit)
        with suppress(BrokenPipeError, ConnectionResetError):  # it is dead; whoever listens to it will notice
            self.connection.send(unit)

    def end(self) -> str:
        """How it ended, in words."""
        code = self._process.wait()
        self.kill()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.connection.close()
