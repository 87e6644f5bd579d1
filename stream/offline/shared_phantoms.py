"""The phantoms of an evaluation as units of work: an engine does them, and they come back in their order."""

from __future__ import annotations

import dataclasses
import shutil
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sonolucent.beamform import Acquisition, ImagingSettings
from sonolucent.nn.evaluate import CONDITIONS, PhantomScanner, methods
from sonolucent.nn.evaluate.held_out import EvaluationProgress
from sonolucent.nn.evaluate.phantom_tasks import PhantomFigures, PhantomTask, measured
from sonolucent.nn.inference.image_grain import GrainChoice
from sonolucent.nn.speckle_grain import SpeckleGrain
from sonolucent.stream.engines.work_engine import Lost, WorkEngine
from sonolucent.stream.errors import StageFailed


@dataclass(frozen=True)
class PhantomUnit:
    """A task and its number in the run; `grain` is the speckle's, if it is known."""

    number: int
    task: PhantomTask
    grain: SpeckleGrain | None


@dataclass(frozen=True)
class PhantomOutcome:
    """What came of a unit."""

    number: int
    figures: PhantomFigures


@dataclass(frozen=True)
class PhantomWorkshop:
    """Makes benches that image phantoms and compare methods on them.

    Args:
        condition: the name of one of `CONDITIONS`.
        acquisition: of the scanner, as the beamformer takes it.
        imaging: how phantoms are beamformed.
        models: folders or names of those that are compared; those that are shipped when there are none.
        grain: of the images' speckle, as `sonolucent.nn.Enhancer` takes it.
    """

    condition: str
    acquisition: Acquisition
    imaging: ImagingSettings
    models: tuple[Path, ...] = ()
    grain: GrainChoice = "auto"

    needs_gpu = False

    def bench(self, threads: int) -> PhantomBench:
        """A new one."""
        return PhantomBench(self, threads)


class PhantomBench:
    """Compares methods on phantoms; plans and networks stay warm from one to the next."""

    def __init__(self, workshop: PhantomWorkshop, threads: int) -> None:
        condition = dataclasses.replace(CONDITIONS[workshop.condition], acquisition=workshop.acquisition)
        self._scanner = PhantomScanner(condition, settings=workshop.imaging, threads=threads)
        self._methods = methods(workshop.models, grain=workshop.grain, threads=threads)

    def do(self, unit: PhantomUnit) -> PhantomOutcome:
        """Measures every method on the unit's phantom."""
        return PhantomOutcome(unit.number, measured(unit.task, self._methods, self._scanner, unit.grain))


@dataclass
class SharedPhantoms:
    """Has tasks done by an engine.

    Args:
        engine: which; it is not started yet.
        folder: for its own files, removed at the end.
        progress: told of what is done.
    """

    engine: WorkEngine[PhantomUnit, PhantomOutcome]
    folder: Path
    progress: EvaluationProgress

    def __call__(self, tasks: Sequence[PhantomTask], grain: SpeckleGrain | None) -> list[PhantomFigures]:
        """
        Raises:
            StageFailed: the engine cannot be started, or a task was lost twice.
        """
        try:
            with self.engine:
                return measured_by(self.engine, tasks, grain, self.progress)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def measured_by(
    engine: WorkEngine[PhantomUnit, PhantomOutcome],
    tasks: Sequence[PhantomTask],
    grain: SpeckleGrain | None,
    progress: EvaluationProgress,
) -> list[PhantomFigures]:
    """What came of every task, in their order, in whatever order they are done. A lost one is done once more.

    Raises:
        StageFailed: a task was lost twice.
    """
    units = [PhantomUnit(number, task, grain) for number, task in enumerate(tasks)]
    waiting = deque(sorted(units, key=lambda unit: -unit.task.frames))
    found: dict[int, PhantomFigures] = {}
    lost: set[int] = set()
    while len(found) < len(units):
        while waiting and engine.room > 0:
            engine.submit(waiting.popleft())
        outcome = engine.next_outcome()
        task = tasks[outcome.number]
        if not isinstance(outcome, Lost):
            found[outcome.number] = outcome.figures
            progress(f"{task.told} ({len(found)} of {len(units)})")
        elif outcome.number in lost:
            raise StageFailed(f"{task.told}: two workers were lost over it; {outcome.why}; try fewer --workers")
        else:
            lost.add(outcome.number)
            waiting.appendleft(units[outcome.number])
    return [found[unit.number] for unit in units]
