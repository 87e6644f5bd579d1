"""Whatever a stage raises, a run ends with one message that says which stage it was."""

import pytest

from sonolucent.stream.errors import BadInput, RecordingError, StageFailed, as_failure


@pytest.mark.parametrize("error", [RecordingError("no such file"), StageFailed("full")])
def test_what_is_for_the_user_stays_as_it_is(error: Exception) -> None:
    assert as_failure("recorder", error) is error


def test_whatever_else_is_said_with_its_stage_and_kind() -> None:
    failure = as_failure("levels", ZeroDivisionError("division by zero"))
    assert isinstance(failure, StageFailed)
    assert not isinstance(failure, BadInput)
    assert str(failure) == "levels failed: ZeroDivisionError: division by zero"
    assert str(as_failure("levels", OSError("disk gone"))) == "levels failed: disk gone"
