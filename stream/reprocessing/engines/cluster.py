"""The engine `ray`: actors of a Ray cluster, one that is there or one that is started for the run."""

from __future__ import annotations

import os
from collections import deque
from typing import Any, Self

from sonolucent.stream.errors import StageFailed
from sonolucent.stream.reprocessing.engines.extras import required
from sonolucent.stream.reprocessing.work import Outcome, Unit, Wish

_QUEUED = 2


class RayEngine:
    """Actors of a Ray cluster, each with plans and networks that stay warm, and with a GPU where one is needed.

    Args:
        wish: what is to be made of every recording.
        workers: how many actors; as many as the cluster has room for by default.
        threads: of each, and so many of the cluster's CPUs.

    Raises:
        ConfigError: ray is not installed.
        StageFailed: (when entered) there is no cluster, or no room on it.
    """

    name = "ray"

    def __init__(self, wish: Wish, workers: int | None, threads: int) -> None:
        self._ray = required("ray", "ray")
        self._wish, self._threads = wish, threads
        self.workers = workers or 0
        self._actors: list[_Actor] = []
        self._outcomes: deque[Outcome] = deque()

    def __enter__(self) -> Self:
        # Only what it is told leaves the laboratory.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            self._ray.init(log_to_driver=False, logging_level="error", configure_logging=False)
        except (ConnectionError, RuntimeError, OSError) as error:
            raise StageFailed(f"ray: no cluster can be used: {error}") from error
        resources = self._ray.cluster_resources()
        gpus = int(resources.get("GPU", 0)) if self._needs_gpu else 0
        most = gpus or int(resources.get("CPU", 0)) // self._threads
        if self._needs_gpu and not gpus:
            raise StageFailed("ray: the cluster has no GPU; leave --beamform-device out, and choose a model of the CPU")
        self.workers = min(self.workers or most, most)
        if self.workers == 0:
            raise StageFailed(f"ray: the cluster has no room for {self._threads} threads; use fewer --threads")
        options = {"num_cpus": self._threads, "num_gpus": 1 if gpus else 0}
        self._kind = self._ray.remote(**options)(Bench)
        self._actors = [self._new_actor() for _ in range(self.workers)]
        return self

    def __exit__(self, *_: object) -> None:
        self._ray.shutdown()

    @property
    def room(self) -> int:
        return sum(_QUEUED - len(actor.units) for actor in self._actors)

    def submit(self, unit: Unit) -> None:
        min(self._actors, key=lambda actor: len(actor.units)).take(unit)

    def next_outcome(self) -> Outcome:
        while not self._outcomes:
            first = {actor.units[0][1]: actor for actor in self._actors if actor.units}
            ready, _ = self._ray.wait(list(first))
            self._hear(first[ready[0]])
        return self._outcomes.popleft()

    def _hear(self, actor: _Actor) -> None:
        unit, promise = actor.units[0]
        try:
            outcome = self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            why = f"its actor failed: {str(error).strip().splitlines()[-1]}"
            self._outcomes.append(Outcome(number=unit.number, kind="lost", why=why))
            self._replace(actor)
        else:
            self._outcomes.append(outcome)
            actor.units.popleft()

    def _replace(self, dead: _Actor) -> None:
        self._ray.kill(dead.handle)
        self._actors[self._actors.index(dead)] = fresh = self._new_actor()
        for unit, _ in list(dead.units)[1:]:
            fresh.take(unit)

    def _new_actor(self) -> _Actor:
        return _Actor(self._kind.remote(self._wish, self._threads))

    @property
    def _needs_gpu(self) -> bool:
        return "cuda" in (self._wish.beamform_device[:4], self._wish.enhance[:4])


class Bench:
    """What an actor is: a workbench, made where the actor runs."""

    def __init__(self, wish: Wish, threads: int) -> None:
        from sonolucent.stream.reprocessing.workbench import in_worker

        self._bench = in_worker(wish, threads)

    def do(self, unit: Unit) -> Outcome:
        """Does a unit."""
        return self._bench.do(unit)


class _Actor:
    """An actor, and the units that it has been given with the promises of their outcomes, the one in work first."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.units: deque[tuple[Unit, Any]] = deque()

    def take(self, unit: Unit) -> None:
        self.units.append((unit, self.handle.do.remote(unit)))
