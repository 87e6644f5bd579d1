"""Stages that are killed under load are started again, and what was lost with them is in the ledger."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream.recording.reader import Recording

from ..campaigns.kill_stages import processes
from ..campaigns.running import running

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def wait_for_growth(file: Path, n_bytes: int) -> None:
    """Waits until a recording has grown: frames come through the whole pipeline."""
    begun, deadline = file.stat().st_size if file.exists() else 0, time.monotonic() + 120
    while not file.exists() or file.stat().st_size < begun + n_bytes:
        assert time.monotonic() < deadline, "no frame comes through"
        time.sleep(0.05)


@pytest.mark.parametrize("transport", ["ipc", "tcp"])
def test_killed_stages_come_back_and_the_losses_are_counted(
    small_recording: Path, tmp_path: Path, transport: str
) -> None:
    record = tmp_path / "record.h5"
    raw = ["--record-channels"] if transport == "tcp" else []
    command = [*endless(small_recording, record), *raw, "--transport", transport, "--json"]
    victims = ["beamform", "source", "enhance", "headless", "beamform", "recorder"]
    with running(command, **PIPES) as run:
        for stage in victims:
            wait_for_growth(record, 1 << 18)
            os.kill(processes(run.pid)[stage][0], signal.SIGKILL)
        second = tmp_path / "record-2.h5"
        wait_for_growth(second, 1 << 18)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    assert Counter(re.findall(r"(\w+) crashed \(SIGKILL\)", errors)) == Counter(victims)
    report = json.loads(output)
    assert report["restarts"] == Counter(victims)
    assert report["balanced"]
    assert_flows(report["ledger"], report["frames_out"])
    assert report["recorded"] == [str(record), str(second)]
    parts = [Recording(record), Recording(second)]
    frame_ids = [part.image(i).frame_id for part in parts for i in range(part.n_images)]
    assert all(before < after for before, after in pairwise(frame_ids))
    n_recorded = len(frame_ids) + sum(map(len, parts))
    assert report["ledger"]["recorder>disk"]["delivered"] == n_recorded


def endless(source: Path, record: Path) -> list[str]:
    """The command of a run that ends when it is told to."""
    options = ["--source", f"replay:{source}", "--frames", "1000000", "--fps", "100", "--model", "none"]
    return [*CLI, "run", *options, "--headless", "--record", str(record)]


def assert_flows(ledger: dict[str, Any], n_out: int) -> None:
    """What a stage was delivered is what it acquired for the next, from the source to the sink."""
    chain = [ledger[name] for name in ("scanner>source", "source>beamform", "beamform>enhance", "enhance>headless")]
    assert [edge["acquired"] for edge in chain[1:]] == [edge["delivered"] for edge in chain[:-1]]
    assert chain[-1]["delivered"] == n_out
    assert sum(edge["dropped"].get("consumer gone", 0) for edge in chain) > 0


def test_a_second_ctrl_c_ends_a_run_whose_stage_hangs(small_recording: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.h5"
    with running([*endless(small_recording, record), "--transport", "ipc"], **PIPES) as run:
        wait_for_growth(record, 1 << 18)
        hanging = processes(run.pid)["beamform"][0]
        os.kill(hanging, signal.SIGSTOP)
        run.send_signal(signal.SIGINT)
        time.sleep(1)
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
        time.sleep(1)
        os.kill(hanging, signal.SIGCONT)
        _, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "aborted" in errors
    assert "Traceback" not in errors


def test_a_run_that_is_asked_twice_for_its_end_says_that_it_was_aborted(small_recording: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.h5"
    with running(endless(small_recording, record), **PIPES) as run:
        wait_for_growth(record, 1 << 18)
        # As a terminal's `timeout make demo` does: one signal to the group, one passed on.
        run.send_signal(signal.SIGINT)
        run.send_signal(signal.SIGTERM)
        output, errors = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "aborted" in errors
    assert "Traceback" not in errors
    assert "frames in" not in output + errors
