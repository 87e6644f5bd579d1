"""`sonolucent scanner` as a process: it serves, ends in order, and says what is wrong."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream.commands import main

from ..campaigns.running import running

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]


@pytest.mark.parametrize("whole", [[], ["--whole-frames"]])
def test_it_outlives_its_readers_and_ends_in_order(sonolucent: Any, small_recording: Path, whole: list[str]) -> None:
    options = ["--source", f"replay:{small_recording}", "--frames", "1000000", "--port", "0", "--json", *whole]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with running([*CLI, "scanner", *options], **pipes) as scanner:
        assert scanner.stderr is not None
        endpoint = re.search(r"tcp://[\d.]+:\d+", scanner.stderr.readline())
        assert endpoint is not None
        for _ in range(2):
            run = ["--source", endpoint[0], "--headless", "--model", "none", "--frames", 3, "--json"]
            ended = sonolucent("run", *run)
            assert (ended.status, ended.report["ledger"]["scanner>source"]["delivered"]) == (0, 3), ended.errors
            assert ended.report["balanced"]
        scanner.send_signal(signal.SIGINT)
        output, errors = scanner.communicate(timeout=60)
    assert (scanner.returncode, errors) == (0, "")
    did = json.loads(output)
    assert did["frames"]["delivered"] >= 6
    assert did["not_taken"] > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--whole-frames", "--faults.reordered", "0.1"], "use --faults.late"),
        (["--fps", "10", "--as-fast-as-possible"], "exclude each other"),
        (["--frames", "0"], "frames must be positive"),
        (["--source", "tcp://127.0.0.1:1"], "not another scanner"),
        (["--source", "replay:missing.h5"], "missing.h5"),
    ],
)
def test_what_does_not_go_together_is_refused(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["scanner", "--port", "0", *options]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err


def test_impossible_rates_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refusal:
        main.main(["scanner", "--faults.lost", "1.5"])
    assert refusal.value.code == 2
    assert "rates of faults" in capsys.readouterr().err
