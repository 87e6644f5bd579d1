"""Phantoms of an evaluation that an engine does: the same figures, and a worker that is lost costs nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImagingSettings
from sonolucent.nn.evaluate import CONDITIONS, PhantomCounts, PhantomScanner, evaluate_simulated, methods
from sonolucent.nn.evaluate.held_out import PhantomResults
from sonolucent.nn.evaluate.phantom_tasks import PhantomFigures, PhantomTask, phantom_tasks
from sonolucent.nn.inference.devices import is_installed
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.engines.work_engine import Lost
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.offline.shared_phantoms import (
    PhantomOutcome,
    PhantomUnit,
    PhantomWorkshop,
    SharedPhantoms,
    measured_by,
)

SPARSE = Acquisition(tx_elements=range(4, 64, 8))
COARSE = ImagingSettings(dynamic_range_db=60.0, spacing_mm=(0.3, 0.12))
FEW = PhantomCounts(cysts=1, tissue=1, uniform=0, moving=2, anatomies=1)
WORKSHOP = PhantomWorkshop("noise", SPARSE, COARSE, (Path("light-quadrant"),))


def results(share: Callable[[Sequence[PhantomTask], Any], Any] | None) -> PhantomResults:
    scanner = PhantomScanner(replace(CONDITIONS["noise"], acquisition=SPARSE), settings=COARSE)
    return evaluate_simulated(methods(WORKSHOP.models), scanner, FEW, measuring=share)


def shared(by: EngineChoice, out: Path, progress: Callable[[str], None] = print) -> SharedPhantoms:
    return SharedPhantoms(by.engine(WORKSHOP, out / "engine"), out / "engine", progress)


@pytest.fixture(scope="module")
def expected() -> PhantomResults:
    return results(None)


def require_same(found: PhantomResults, expected: PhantomResults) -> None:
    """Bit for bit, whatever the times."""
    assert found.figures == expected.figures
    assert list(found.figures) == list(expected.figures)
    assert set(found.milliseconds) == set(expected.milliseconds)
    for name, image in expected.pictures.items():
        np.testing.assert_array_equal(found.pictures[name], image)
    for name, image in expected.anatomies["anatomy-900"].items():
        np.testing.assert_array_equal(found.anatomies["anatomy-900"][name], image)


@pytest.mark.slow
def test_two_processes_give_the_figures_of_one(expected: PhantomResults, tmp_path: Path) -> None:
    told: list[str] = []
    by = EngineChoice(workers=2, threads=1)
    require_same(results(shared(by, tmp_path, told.append)), expected)
    assert len(told) == 4
    assert "(4 of 4)" in told[-1]
    assert expected.figures["plain"]["cnr"].n == 1
    assert expected.figures["plain"]["flicker_db"].mean > 0


@pytest.mark.slow
@pytest.mark.skipif(not is_installed("submitit"), reason="the extra slurm is not installed")
def test_jobs_of_slurm_give_the_figures_of_one_process(expected: PhantomResults, tmp_path: Path) -> None:
    by = EngineChoice("slurm", workers=2, slurm=("cluster=local",))
    require_same(results(shared(by, tmp_path)), expected)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(not is_installed("ray"), reason="the extra ray is not installed")
def test_actors_of_ray_give_the_figures_of_one_process(expected: PhantomResults, tmp_path: Path) -> None:
    require_same(results(shared(EngineChoice("ray", workers=2), tmp_path)), expected)


@dataclass
class Scripted:
    """Ends units last first; those of `lost` come back as lost, as often as that says."""

    lost: dict[int, int] = field(default_factory=dict)
    waiting: list[PhantomUnit] = field(default_factory=list)
    name, workers = "scripted", 1

    def __enter__(self) -> "Scripted":
        return self

    def __exit__(self, *_: object) -> None: ...

    @property
    def room(self) -> int:
        return 3 - len(self.waiting)

    def submit(self, unit: PhantomUnit) -> None:
        self.waiting.append(unit)

    def next_outcome(self) -> PhantomOutcome | Lost:
        unit = self.waiting.pop()
        if self.lost.get(unit.number, 0) > 0:
            self.lost[unit.number] -= 1
            return Lost(unit.number, "its process was killed by SIGKILL")
        return PhantomOutcome(unit.number, PhantomFigures({"plain": {"number": unit.number}}))


TASKS = phantom_tasks(PhantomCounts(cysts=3, tissue=2, uniform=0, moving=4, anatomies=1))


def numbers(engine: Scripted) -> list[float]:
    return [found.rows["plain"]["number"] for found in measured_by(engine, TASKS, None, print)]


def test_figures_come_in_the_order_of_the_phantoms_and_a_lost_one_is_done_again() -> None:
    assert numbers(Scripted()) == list(range(7))
    assert numbers(Scripted({2: 1, 6: 1})) == list(range(7))


def test_a_phantom_that_two_workers_are_lost_over_ends_the_evaluation() -> None:
    with pytest.raises(StageFailed, match=r"random_tissue 900: two workers were lost over it; its process was killed"):
        numbers(Scripted({4: 2}))
