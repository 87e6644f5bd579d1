"""The engine `local`: processes of this machine, each with plans and networks that stay warm."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Self

from sonolucent.stream.reprocessing.work import Outcome, Unit, Wish

_QUEUED = 2
"""Units of a process: one in work, and one for when that is done."""
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_WORKER = "sonolucent.stream.reprocessing.engines.worker_process"


class LocalEngine:
    """Processes of this machine. One that dies is replaced.

    Args:
        wish: what is to be made of every recording.
        workers: how many processes.
        threads: of each.
    """

    name = "local"

    def __init__(self, wish: Wish, workers: int, threads: int) -> None:
        self._wish, self.workers, self._threads = wish, workers, threads
        self._processes: list[_Worker] = []
        self._outcomes: deque[Outcome] = deque()

    def __enter__(self) -> Self:
        self._processes = [_Worker(self._wish, self._threads) for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.kill()

    @property
    def room(self) -> int:
        return sum(_QUEUED - len(process.units) for process in self._processes)

    def submit(self, unit: Unit) -> None:
        min(self._processes, key=lambda process: len(process.units)).take(unit)

    def next_outcome(self) -> Outcome:
        while not self._outcomes:
            ready = wait([process.connection for process in self._processes if process.units])
            for process in [each for each in self._processes if each.connection in ready]:
                self._hear(process)
        return self._outcomes.popleft()

    def _hear(self, process: _Worker) -> None:
        try:
            self._outcomes.append(process.connection.recv())
            process.units.popleft()
        except (EOFError, OSError):
            self._replace(process)

    def _replace(self, dead: _Worker) -> None:
        """The unit that it worked on is lost, the one behind it has another process."""
        self._processes[self._processes.index(dead)] = fresh = _Worker(self._wish, self._threads)
        lost, *waiting = dead.units
        self._outcomes.append(Outcome(number=lost.number, kind="lost", why=f"its process {dead.end()}"))
        for unit in waiting:
            fresh.take(unit)


class _Worker:
    """A process, and the units that it has been given, the one in work first."""

    def __init__(self, wish: Wish, threads: int) -> None:
        self.units: deque[Unit] = deque()
        self.connection, theirs = Pipe()
        # Its standard input tells it when this process ends, however that does.
        self._process = subprocess.Popen(
            [sys.executable, "-m", _WORKER, str(theirs.fileno())],
            stdin=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            env={**os.environ, **dict.fromkeys(_THREAD_COUNTS, str(threads))},
        )
        theirs.close()
        self.connection.send((wish, threads))

    def take(self, unit: Unit) -> None:
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
