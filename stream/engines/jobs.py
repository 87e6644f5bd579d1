"""The engine `slurm`: jobs that submitit hands to Slurm, each with a share of the units."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic, Self

from sonolucent.stream.engines.extras import required
from sonolucent.stream.engines.work_engine import Lost, Made, Work, Workshop, bench_in_worker
from sonolucent.stream.errors import ConfigError

_MOST_A_JOB = 64
"""Units: a job that is lost has them all done again."""
_POLL_S = 0.2
_COMMON = ("timeout_min", "mem_gb", "gpus_per_node")
"""Parameters that submitit has for every cluster; others are Slurm's own."""


class SlurmEngine(Generic[Work, Made]):
    """Jobs of Slurm, each a process that does its share of the units on one bench.

    Args:
        workshop: makes the benches.
        workers: how many jobs there are at once.
        threads: of each.
        folder: for submitit's files; all machines see it.
        parameters: KEY=VALUE each, such as partition=long, as `sbatch` names them; or timeout_min, mem_gb,
            gpus_per_node; and cluster=local, which runs the jobs on this machine.

    Raises:
        ConfigError: submitit is not installed, there is no Slurm here, or a parameter is none.
    """

    name = "slurm"

    def __init__(
        self, workshop: Workshop[Work, Made], workers: int, threads: int, folder: Path, parameters: Sequence[str]
    ) -> None:
        submitit = required("submitit", "slurm")
        self._workshop, self.workers, self._threads = workshop, workers, threads
        self._jobs: list[tuple[Any, list[Work]]] = []
        self._collected: list[Work] = []
        self._lost: set[int] = set()
        self._outcomes: deque[Made | Lost] = deque()
        chosen = dict(_pair(parameter) for parameter in parameters)
        try:
            self._executor = submitit.AutoExecutor(folder, cluster=chosen.pop("cluster", "slurm"))
            self._executor.update_parameters(
                name="sonolucent",
                cpus_per_task=threads,
                **{name if name in _COMMON else f"slurm_{name}": value for name, value in chosen.items()},
            )
        except (RuntimeError, NameError, TypeError, ValueError) as error:
            raise ConfigError(f"slurm: {error}; run it where sbatch is, or try --slurm cluster=local") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for job, _units in self._jobs:
            job.cancel(check=False)

    @property
    def room(self) -> int:
        return self.workers * _MOST_A_JOB - len(self._collected) - sum(len(units) for _, units in self._jobs)

    def submit(self, unit: Work) -> None:
        self._collected.append(unit)

    def next_outcome(self) -> Made | Lost:
        while not self._outcomes:
            self._send()
            for job, units in [pair for pair in self._jobs if pair[0].done()]:
                self._jobs.remove((job, units))
                self._hear(job, units)
            if not self._outcomes:
                time.sleep(_POLL_S)
        return self._outcomes.popleft()

    def _send(self) -> None:
        """Shares out what has been collected among the jobs that are free; what was lost before, one a job."""
        while self._collected and len(self._jobs) < self.workers:
            free = self.workers - len(self._jobs)
            share = 1 if self._collected[0].number in self._lost else min(_MOST_A_JOB, -(-len(self._collected) // free))
            units, self._collected = self._collected[:share], self._collected[share:]
            self._jobs.append((self._executor.submit(do_units, self._workshop, self._threads, units), units))

    def _hear(self, job: Any, units: list[Work]) -> None:
        error = job.exception()
        if error is None:
            self._outcomes.extend(job.result())
            return
        why = f"its job {job.job_id} failed: {str(error).strip().splitlines()[-1]}"
        self._lost.update(unit.number for unit in units)
        self._outcomes.extend(Lost(unit.number, why) for unit in units)


def do_units(workshop: Workshop[Work, Made], threads: int, units: list[Work]) -> list[Made]:
    """What a job does."""
    bench = bench_in_worker(workshop, threads)
    return [bench.do(unit) for unit in units]


def _pair(parameter: str) -> tuple[str, str | int]:
    name, equals, value = parameter.partition("=")
    if not name or not equals:
        raise ConfigError(f"slurm: {parameter!r} is no KEY=VALUE, such as partition=long")
    return name, int(value) if value.isdecimal() else value
