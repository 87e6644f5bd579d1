"""Faults come at their rates, one a shot, and the same ones for the same seed."""

from collections import Counter
from dataclasses import asdict
from itertools import islice

import pytest

from sonolucent.sim.faults import FAULTS, FaultRates, PlannedShot, plan_faults

EACH = FaultRates(*[0.05] * len(FAULTS))


def test_every_shot_is_planned_once() -> None:
    for frame in islice(plan_faults(EACH, 8, seed=1), 200):
        assert sorted(shot.index for shot in frame) == list(range(8))


def test_faults_come_at_their_rates() -> None:
    rates = FaultRates(lost=0.2, late=0.05)
    counts = Counter(shot.fault for frame in islice(plan_faults(rates, 10, seed=2), 1000) for shot in frame)
    assert counts["lost"] == pytest.approx(2000, rel=0.1)
    assert counts["late"] == pytest.approx(500, rel=0.2)
    assert set(counts) == {"lost", "late", None}


def test_the_seed_decides() -> None:
    first, again, other = (list(islice(plan_faults(EACH, 8, seed), 20)) for seed in (1, 1, 2))
    assert first == again != other


def test_reordered_shots_are_overtaken() -> None:
    (frame,) = islice(plan_faults(FaultRates(reordered=1.0), 4, seed=0), 1)
    assert [shot.index for shot in frame] == [1, 2, 3, 0]
    frames = islice(plan_faults(FaultRates(reordered=0.1), 4, seed=0), 100)
    assert any([shot.index for shot in frame] == [0, 1, 3, 2] for frame in frames)


def test_without_faults_shots_come_as_they_are() -> None:
    (frame,) = islice(plan_faults(FaultRates(), 3, seed=0), 1)
    assert frame == [PlannedShot(i, None) for i in range(3)]


@pytest.mark.parametrize("rates", [{"lost": -0.1}, {"lost": 0.6, "late": 0.6}, {"late": float("nan")}])
def test_impossible_rates_are_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="rates of faults"):
        FaultRates(**rates)
    assert asdict(FaultRates())["lost"] == 0
