"""Stepping down to a lighter model when frames take too long, and up again: decided by times alone."""

import itertools

import numpy as np
import pytest

from sonolucent.stream.stages.adaptive import Steps

BUDGET_MS = 18.0
SLOW_MS, FAST_MS = 25.0, 10.0
PERIOD_S = 0.04


class Stream:
    """Frames at 25 a second; each model takes what `takes_ms` says of it."""

    def __init__(self, takes_ms: list[float], **settings: float) -> None:
        self.steps = Steps(len(takes_ms), BUDGET_MS, **settings)
        self.takes_ms, self.now_s = takes_ms, 100.0

    def run(self, seconds: float) -> list[tuple[float, int]]:
        """When it stepped, from the beginning of this, and to which model."""
        begun_s, steps, before = self.now_s, [], self.steps.current
        while self.now_s - begun_s < seconds:
            self.now_s += PERIOD_S
            after = self.steps.after(self.now_s, self.takes_ms[self.steps.current])
            if after != before:
                steps.append((round(self.now_s - begun_s), after))
            before = after
        return steps


def test_within_the_budget_nothing_changes():
    assert Stream([FAST_MS, FAST_MS]).run(200) == []


def test_steps_down_after_two_seconds_over_the_budget_and_no_further_than_it_must():
    stream = Stream([SLOW_MS, FAST_MS, FAST_MS], hold_s=1e9)
    assert stream.run(100) == [(2, 1)]


def test_steps_down_to_the_last_when_all_are_too_slow_and_stays_there():
    assert Stream([SLOW_MS, SLOW_MS, SLOW_MS], hold_s=1e9).run(100) == [(2, 1), (4, 2)]


def test_a_few_slow_frames_are_no_reason():
    steps = Steps(2, BUDGET_MS)
    assert {steps.after(i * PERIOD_S, SLOW_MS if i % 3 == 0 else FAST_MS) for i in range(1000)} == {0}


def test_goes_up_again_after_thirty_seconds_when_there_is_time_again():
    stream = Stream([SLOW_MS, FAST_MS])
    assert stream.run(10) == [(2, 1)]
    stream.takes_ms[0] = FAST_MS
    assert [to for _, to in stream.run(100)] == [0]


def test_tries_that_fail_wait_twice_as_long_each_time_up_to_ten_minutes():
    steps = Stream([SLOW_MS, FAST_MS]).run(4000)
    ups = [at for at, to in steps if to == 0]
    gaps = np.diff(ups)
    np.testing.assert_allclose(gaps[:4], [60, 120, 240, 480], rtol=0.15)
    np.testing.assert_allclose(gaps[5:], 600, rtol=0.05)


def test_a_try_that_lasted_is_forgiven():
    stream = Stream([SLOW_MS, FAST_MS])
    stream.run(70)
    stream.takes_ms[0] = FAST_MS
    stream.run(200)
    stream.takes_ms[0] = SLOW_MS
    (down, up), *_ = itertools.pairwise(stream.run(45))
    assert (down[1], up[1]) == (1, 0)
    assert up[0] - down[0] == pytest.approx(30, abs=3)


def test_what_came_before_is_forgotten():
    steps = Steps(2, BUDGET_MS)
    for i in range(49):
        steps.after(i * PERIOD_S, SLOW_MS)
    steps.forget()
    assert steps.after(2.0, SLOW_MS) == 0
