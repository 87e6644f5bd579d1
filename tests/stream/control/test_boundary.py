"""Control answers for whatever fails."""

import pytest

from sonolucent.stream.control.boundary import attempt
from sonolucent.stream.errors import ConfigError


def failing(error: Exception) -> int:
    raise error


def test_what_works_has_no_reason() -> None:
    assert attempt(lambda: 7, 0) == (7, "")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ConfigError("depth_mm ends at 90"), "depth_mm ends at 90"),
        (OSError(36, "File name too long"), "[Errno 36] File name too long"),
        (ValueError(""), "ValueError"),
        (UnicodeEncodeError("utf-8", "a\udcff", 1, 2, "surrogates not allowed"), "not UTF-8"),
        (MemoryError("Unable to allocate 3 GiB"), "out of memory: Unable to allocate 3 GiB; ask for a smaller image"),
        (OverflowError("int too large"), "nobody foresaw (OverflowError: int too large)"),
        (ZeroDivisionError(), "nobody foresaw (ZeroDivisionError: )"),
        (RecursionError("too deep"), "too deep"),
    ],
)
def test_what_fails_has_one(error: Exception, reason: str) -> None:
    result, why = attempt(lambda: failing(error), -1)
    assert result == -1
    assert reason in why


def test_a_reason_can_be_told_whatever_it_names() -> None:
    _, why = attempt(lambda: failing(ConfigError("there is no folder cwd\udcff")), 0)
    assert why.encode() == rb"there is no folder cwd\udcff"


def test_only_what_nobody_foresaw_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    attempt(lambda: failing(ConfigError("no")), 0)
    assert caplog.text == ""
    attempt(lambda: failing(KeyError("no")), 0)
    assert "Traceback" in caplog.text
