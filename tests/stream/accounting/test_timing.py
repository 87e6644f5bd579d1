"""Latency is read off the frames' own trails and held to the budget."""

import json
from pathlib import Path

import pytest

from sonolucent.stream.accounting import budgets
from sonolucent.stream.accounting.budgets import Budget, Profile
from sonolucent.stream.accounting.timing import Timing, write_trace
from sonolucent.stream.messages import Stamp, Trail

MS = 1_000_000
PROFILE = Profile(25.0, Budget(30.0, 40.0), {"beamform": Budget(10.0, 18.0)})


def timing(n: int = 100) -> Timing:
    """Frame i spends i ms in beamform, 1 ms in enhance, and arrives i + 2 ms after it was acquired."""
    collected = Timing()
    for i in range(n):
        t = i * 40 * MS
        stamps = (Stamp("beamform", t, t + i * MS), Stamp("enhance", t + i * MS, t + (i + 1) * MS))
        collected.record(i, Trail(t, 0, stamps), t + (i + 2) * MS)
    return collected


def test_percentiles_of_each_stage() -> None:
    stages = timing(101).stages(PROFILE)
    assert stages["beamform"].p50_ms == pytest.approx(50)
    assert stages["beamform"].p95_ms == pytest.approx(95)
    assert stages["beamform"].max_ms == pytest.approx(100)
    assert (stages["beamform"].budget_ms, stages["beamform"].over_budget) == (18.0, True)
    assert (stages["enhance"].budget_ms, stages["enhance"].over_budget) == (None, None)


def test_end_to_end_and_the_rate_of_the_last_frames() -> None:
    collected = timing()
    whole = collected.end_to_end(PROFILE, last=10)
    assert whole is not None
    assert whole.max_ms == pytest.approx(101)
    assert collected.frame_rate_hz(last=10) == pytest.approx(1e3 / 41)


def test_times_of_another_machine_s_clock_are_not_compared() -> None:
    collected = Timing()
    stamps = (Stamp("beamform", 10 * MS, 15 * MS),)
    collected.record(0, Trail(9 * MS, 0, stamps, clock="another"), 7 * MS)
    assert collected.end_to_end(PROFILE) is None
    assert collected.stages(PROFILE)["beamform"].max_ms == pytest.approx(5)
    assert [event["tid"] for event in collected.trace()["traceEvents"]] == ["beamform"]


def test_before_the_first_frame_there_is_nothing() -> None:
    assert Timing().end_to_end(PROFILE) is None
    assert Timing().stages(PROFILE) == {}
    assert Timing().frame_rate_hz() == 0.0


def test_old_frames_are_forgotten() -> None:
    collected = Timing(window=3)
    for i in range(9):
        collected.record(i, Trail(i * MS), 2 * i * MS)
    assert len(collected.trace()["traceEvents"]) == 3


def test_the_trace_has_one_slice_a_stage_and_frame(tmp_path: Path) -> None:
    write_trace(tmp_path / "trace.json", timing(3).trace())
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert sorted({e["tid"] for e in events}) == ["beamform", "end to end", "enhance"]
    beamform = [e for e in events if e["tid"] == "beamform"]
    assert [e["dur"] for e in beamform] == [0, 1000, 2000]
    assert all(e["ph"] == "X" for e in events)


@pytest.mark.parametrize("name", ["cpu-25fps", "gpu-250fps"])
def test_every_profile_budgets_every_stage(name: str) -> None:
    profile = budgets.load_budgets(name)
    assert set(profile.stages) == {"source", "beamform", "enhance"}
    assert all(b.p50_ms <= b.p99_ms for b in [profile.end_to_end, *profile.stages.values()])


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ValueError, match=r"'warp'.*cpu-25fps, gpu-250fps"):
        budgets.load_budgets("warp")
