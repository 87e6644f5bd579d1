"""What of a run is over budget, and which run is held to what."""

import msgspec
import pytest

from sonolucent.stream.accounting.budgets import Budget, Profile
from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.accounting.timing import Latency
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.runtime.profiling import profile, too_late, too_slow
from sonolucent.stream.runtime.summarize import summarize

BUDGETS = Profile(25.0, Budget(30.0, 40.0), {"beamform": Budget(10.0, 18.0)})


def report(*, fps: float = 25.0, beamform: Latency | None = None, lost: int = 0) -> RunReport:
    """A run of 200 frames that keeps every budget but what is given."""
    return msgspec.structs.replace(
        summarize(Config(headless=True), {}, 8.0),
        fps=fps,
        frames_in=200,
        frames_out=200 - lost,
        dropped={"source>beamform": {"drop_oldest": lost}} if lost else {},
        stages={"beamform": beamform or Latency(9.0, 15.0, 17.0, 60.0, 18.0, False, 10.0)},
        end_to_end=Latency(30.0, 33.0, 40.0, 80.0, 40.0, False, 30.0),
    )


def test_a_run_that_keeps_its_budgets_is_over_none() -> None:
    assert list(too_late(report(lost=2))) == []
    assert list(too_slow(report(), BUDGETS)) == []


def test_the_median_and_the_99th_percentile_are_held_each() -> None:
    assert list(too_late(report(beamform=Latency(10.1, 15.0, 17.0, 19.0, 18.0, True, 10.0)))) == [
        "at rate: beamform p50 10.1 ms, the budget is 10.0"
    ]
    assert list(too_late(report(beamform=Latency(9.0, 15.0, 18.2, 19.0, 18.0, True, 10.0)))) == [
        "at rate: beamform p99 18.2 ms, the budget is 18.0"
    ]


def test_a_lost_frame_is_one_that_came_too_late() -> None:
    assert list(too_late(report(lost=3))) == ["at rate: 3 of 200 frames lost, at most 1% may be"]
    assert list(too_late(report(lost=200))) == ["at rate: 200 of 200 frames lost, at most 1% may be"]


def test_as_fast_as_possible_the_frame_rate_counts() -> None:
    assert list(too_slow(report(fps=24.9), BUDGETS)) == ["as fast as possible: 24.9 frames/s, the budget is 25.0"]


def test_a_run_that_was_not_made_is_over_nothing() -> None:
    assert [*too_slow(None, BUDGETS), *too_late(None)] == []


def test_one_frame_has_no_rate() -> None:
    with pytest.raises(ConfigError, match="two frames at least; frames is 1"):
        profile(Config(frames=1))
