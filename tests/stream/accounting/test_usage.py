"""What frames cost: metered from the first to the last, each process once."""

import pytest

from sonolucent.stream.accounting.usage import Meter, Usage, per_frame


def test_a_meter_begins_with_the_first_frame() -> None:
    meter = Meter()
    assert meter.usage().frames == 0
    meter.tick()
    _spin()
    meter.tick()
    _spin()
    usage = meter.usage()
    assert usage.frames == 1
    assert usage.core_ms > 0
    _spin()
    assert meter.usage() == usage


def test_stages_of_one_process_are_counted_once() -> None:
    assert per_frame([Usage(1, 10, 100.0, 50), Usage(1, 10, 100.0, 50)]) == (10.0, 5.0)


def test_processes_add_up_by_the_frames_that_each_has_seen() -> None:
    core_ms, page_faults = per_frame([Usage(1, 10, 100.0, 50), Usage(2, 5, 10.0, 0), Usage(3)])
    assert (core_ms, page_faults) == (pytest.approx(12.0), pytest.approx(5.0))


def test_nothing_is_known_before_the_second_frame() -> None:
    assert per_frame([Usage(1), Usage(2)]) == (0, 0)


def _spin() -> None:
    """Longer than the clock of processor time takes to tick."""
    sum(i * i for i in range(400_000))
