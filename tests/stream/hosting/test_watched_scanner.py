"""The state of a scanner's pipeline, from what it said last and how it ended."""

from typing import Any

import msgspec
import pytest

from sonolucent.stream.accounting.report import RunReport
from sonolucent.stream.config import Config
from sonolucent.stream.hosting.scanner_process import ScannerAnswer
from sonolucent.stream.hosting.watched_scanner import page_address, state_and_why
from sonolucent.stream.metrics.status import Board, Status
from sonolucent.stream.runtime.summarize import summarize

NO_IMAGE = Board(Config(), dict).status()
STATUS = msgspec.structs.replace(NO_IMAGE, frames_out=9, silent_s=0.1)
REPORT: RunReport = summarize(Config(), {}, 1.0)


@pytest.mark.parametrize(
    ("status", "age_s", "answer", "state"),
    [
        (None, 100.0, None, ("waiting", "no image yet")),
        (NO_IMAGE, 0.1, None, ("waiting", "no image yet")),
        (STATUS, 0.1, None, ("live", "")),
        (msgspec.structs.replace(STATUS, silent_s=7.2), 0.1, None, ("silent", "no image for 7 s")),
        (STATUS, 8.0, None, ("no answer", "nothing heard for 8 s")),
        (STATUS, 8.0, ScannerAnswer(error="killed by SIGKILL"), ("failed", "killed by SIGKILL")),
        (STATUS, 8.0, ScannerAnswer(REPORT), ("ended", "")),
        (None, 0.0, ScannerAnswer(error="port 1 cannot be used"), ("failed", "port 1 cannot be used")),
    ],
)
def test_the_state_is_told_with_its_reason(
    status: Status | None, age_s: float, answer: ScannerAnswer | None, state: tuple[str, str]
) -> None:
    assert state_and_why(status, age_s, answer) == state


@pytest.mark.parametrize(
    ("viewer", "address"),
    [
        ({}, "http://127.0.0.1:8660/"),
        ({"host": "localhost"}, "http://localhost:8660/"),
        ({"host": "::1"}, "http://[::1]:8660/"),
        ({"token": "controls-aVeryLongSecret"}, "http://127.0.0.1:8660/"),
        (
            {"host": "0.0.0.0", "token": "controls-aVeryLongSecret", "certificate": "c", "key": "k"},
            "https://127.0.0.1:8660/",
        ),
    ],
)
def test_the_list_leads_to_the_page_and_gives_no_token_away(viewer: dict[str, Any], address: str) -> None:
    assert page_address(msgspec.convert({"view": True, "viewer": viewer}, Config)) == address


def test_a_scanner_without_a_page_has_no_address() -> None:
    assert page_address(Config(headless=True)) == ""
