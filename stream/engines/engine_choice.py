"""Which engine does the work, and with how many workers."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sonolucent.stream.engines.cluster import RayEngine
from sonolucent.stream.engines.jobs import SlurmEngine
from sonolucent.stream.engines.processes import LocalEngine
from sonolucent.stream.engines.work_engine import Made, Work, WorkEngine, Workshop
from sonolucent.stream.errors import ConfigError

EngineName = Literal["local", "ray", "slurm"]


@dataclass(frozen=True)
class EngineChoice:
    """Where the work is done.

    Args:
        name: local (processes of this machine), ray (a cluster that is there, or one that is started), or slurm.
        workers: how many work at once: by default one for each core of this machine, or of the Ray cluster, or for each
            GPU there, where one is needed. Slurm has to be told.
        threads: of each worker; by default the cores of this machine over its workers, and elsewhere one.
        slurm: parameters of Slurm, KEY=VALUE each, as `sbatch` names them.

    Raises:
        ConfigError: a number is not positive, or something is missing, or has no meaning for that engine.
    """

    name: EngineName = "local"
    workers: int | None = None
    threads: int | None = None
    slurm: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("workers", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name} must be at least 1, not {value}")
        if self.slurm and self.name != "slurm":
            raise ConfigError(f"slurm parameters have no meaning for the engine {self.name}; leave them out")
        if self.name == "slurm" and self.workers is None:
            raise ConfigError("the engine slurm needs to know how many jobs there may be at once; add --workers")

    @property
    def sharers(self) -> int:
        """How many work at once, as far as that is known before a cluster is asked."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def threads_each(self) -> int:
        """Of each worker."""
        if self.threads is not None:
            return self.threads
        return max(1, len(os.sched_getaffinity(0)) // self.sharers) if self.name == "local" else 1

    def engine(self, workshop: Workshop[Work, Made], folder: Path) -> WorkEngine[Work, Made]:
        """What does the work; it is not started yet.

        Args:
            workshop: makes the benches that do it.
            folder: for files of the engine's own, where it has any; all machines see it.

        Raises:
            ConfigError: what it needs is not installed, or not there.
        """
        if self.name == "ray":
            return RayEngine(workshop, self.workers, self.threads_each)
        if self.name == "slurm":
            return SlurmEngine(workshop, self.sharers, self.threads_each, folder, self.slurm)
        return LocalEngine(workshop, self.sharers, self.threads_each)
