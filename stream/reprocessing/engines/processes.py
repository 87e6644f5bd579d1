"""The engine `local`: processes of this machine, each with plans and networks that stay warm."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Self

from sonolucent.stream.reprocessing.work import Outcome, Unit, Wish

_QUEUED = 2
"""Units of a process: one in work, and one for when that is done."""
_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_spawning = multiprocessing.get_context("spawn")


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
        self._processes = [self._new_process() for _ in range(self.workers)]
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
        self._processes[self._processes.index(dead)] = fresh = self._new_process()
        lost, *waiting = dead.units
        self._outcomes.append(Outcome(number=lost.number, kind="lost", why=f"its process {dead.end()}"))
        for unit in waiting:
            fresh.take(unit)

    def _new_process(self) -> _Worker:
        with _thread_counts(self._threads):
            return _Worker(self._wish, self._threads)


class _Worker:
    """A process, and the units that it has been given, the one in work first."""

    def __init__(self, wish: Wish, threads: int) -> None:
        self.units: deque[Unit] = deque()
        self.connection, theirs = _spawning.Pipe()
        self._process = _spawning.Process(target=_work, args=(theirs, wish, threads), daemon=True)
        self._process.start()
        theirs.close()

    def take(self, unit: Unit) -> None:
        self.units.append(unit)
        with suppress(BrokenPipeError):  # of a process that is dead; whoever listens to it will notice
            self.connection.send(unit)

    def end(self) -> str:
        """How it ended, in words."""
        self._process.join()
        code = self._process.exitcode or 0
        self.connection.close()
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()


def _work(driver: Connection[Any, Any], wish: Wish, threads: int) -> None:
    """What a process does until it is killed, or the one that started it ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whoever started it decides what they mean
        signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_driver, daemon=True).start()
    from sonolucent.stream.reprocessing.workbench import in_worker

    bench = in_worker(wish, threads)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            driver.send(bench.do(driver.recv()))


def _end_with_the_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        wait([driver.sentinel])
        os._exit(1)


@contextmanager
def _thread_counts(threads: int) -> Iterator[None]:
    """Within, processes are started whose libraries use so many threads."""
    before = {name: os.environ.get(name) for name in _THREAD_COUNTS}
    os.environ.update(dict.fromkeys(_THREAD_COUNTS, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
