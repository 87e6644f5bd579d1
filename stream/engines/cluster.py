"""The engine `ray`: actors of a Ray cluster, one that is there or one that is started for the run."""

from __future__ import annotations

import os
from collections import deque
from typing import Any, Generic, Self

from sonolucent.stream.engines.extras import required
from sonolucent.stream.engines.work_engine import Lost, Made, Work, Workshop, bench_in_worker
from sonolucent.stream.errors import StageFailed

_QUEUED = 2


class RayEngine(Generic[Work, Made]):
    """Actors of a Ray cluster, each with a bench that stays warm, and with a GPU where one is needed.

    Args:
        workshop: makes the benches.
        workers: how many actors; as many as the cluster has room for by default.
        threads: of each, and so many of the cluster's CPUs.

    Raises:
        ConfigError: ray is not installed.
        StageFailed: (when entered) there is no cluster, or no room on it.
    """

    name = "ray"

    def __init__(self, workshop: Workshop[Work, Made], workers: int | None, threads: int) -> None:
        self._ray = required("ray", "ray")
        self._workshop, self._threads = workshop, threads
        self.workers = workers or 0
        self._actors: list[_Actor[Work]] = []
        self._outcomes: deque[Made | Lost] = deque()

    def __enter__(self) -> Self:
        # Only what it is told leaves the laboratory.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            self._ray.init(log_to_driver=False, logging_level="error", configure_logging=False)
        except (ConnectionError, RuntimeError, OSError) as error:
            raise StageFailed(f"ray: no cluster can be used: {error}") from error
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if self._workshop.needs_gpu else 0
        most = gpus or int(resources.get("CPU", 0)) // self._threads
        if self._workshop.needs_gpu and not gpus:
            raise StageFailed("ray: the cluster has no GPU; leave --beamform-device out, and choose a model of the CPU")
        self.workers = min(self.workers or most, most)
        if self.workers == 0:
            raise StageFailed(f"ray: the cluster has no room for {self._threads} threads; use fewer --threads")
        options = {"num_cpus": self._threads, "num_gpus": 1 if gpus else 0}
        self._kind = self._ray.remote(**options)(RayBench)
        self._actors = [self._new_actor() for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    @property
    def room(self) -> int:
        return sum(_QUEUED - len(actor.units) for actor in self._actors)

    def submit(self, unit: Work) -> None:
        min(self._actors, key=lambda actor: len(actor.units)).take(unit)

    def next_outcome(self) -> Made | Lost:
        while not self._outcomes:
            first = {actor.units[0][1]: actor for actor in self._actors if actor.units}
            ready, _ = self._ray.wait(list(first))
            self._hear(first[ready[0]])
        return self._outcomes.popleft()

    def _hear(self, actor: _Actor[Work]) -> None:
        unit, promise = actor.units[0]
        try:
            outcome = self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            why = f"its actor failed: {str(error).strip().splitlines()[-1]}"
            self._outcomes.append(Lost(unit.number, why))
            self._replace(actor)
        else:
            self._outcomes.append(outcome)
            actor.units.popleft()

    def _replace(self, dead: _Actor[Work]) -> None:
        self._ray.kill(dead.handle)
        self._actors[self._actors.index(dead)] = fresh = self._new_actor()
        for unit, _ in list(dead.units)[1:]:
            fresh.take(unit)

    def _new_actor(self) -> _Actor[Work]:
        return _Actor(self._kind.remote(self._workshop, self._threads))


class RayBench:
    """What an actor is: a bench, made where the actor runs."""

    def __init__(self, workshop: Workshop[Any, Any], threads: int) -> None:
        self._bench = bench_in_worker(workshop, threads)

    def do(self, unit: Any) -> Any:
        """Does a unit."""
        return self._bench.do(unit)


class _Actor(Generic[Work]):
    """An actor, and the units that it has been given with the promises of their outcomes, the one in work first."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.units: deque[tuple[Work, Any]] = deque()

    def take(self, unit: Work) -> None:
        self.units.append((unit, self.handle.do.remote(unit)))
