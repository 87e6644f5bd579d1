"""Stages that are killed under load are started again, and what was lost with them is in the ledger."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent.stream.cli"]
PIPES: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def stage_pids(parent: int) -> dict[str, int]:
    """The process of each stage."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    commands = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0") for pid in children}
    return {command[-2].decode(): pid for pid, command in commands.items() if len(command) > 2}


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
    options = ["--source", f"replay:{small_recording}", "--frames", "1000000", "--fps", "100", "--model", "none"]
    command = [*CLI, "run", *options, "--headless", "--record", str(record), "--transport", transport, "--json"]
    with subprocess.Popen(command, **PIPES) as run:
        for stage in ("beamform", "enhance", "beamform"):
            wait_for_growth(record, 1 << 18)
            os.kill(stage_pids(run.pid)[stage], signal.SIGKILL)
        wait_for_growth(record, 1 << 18)
        run.send_signal(signal.SIGINT)
        output, errors = run.communicate(timeout=120)
    assert run.returncode == 0, errors
    assert re.findall(r"(\w+) crashed \(SIGKILL\)", errors) == ["beamform", "enhance", "beamform"]
    report = json.loads(output)
    assert report["restarts"] == {"beamform": 2, "enhance": 1}
    assert report["balanced"]
    assert_flows(report["ledger"], report["frames_out"])


def assert_flows(ledger: dict[str, Any], n_out: int) -> None:
    """What a stage was delivered is what it acquired for the next, from the source to the sink."""
    chain = [ledger[name] for name in ("scanner>source", "source>beamform", "beamform>enhance", "enhance>headless")]
    assert [edge["acquired"] for edge in chain[1:]] == [edge["delivered"] for edge in chain[:-1]]
    assert chain[-1]["delivered"] == n_out
    assert sum(edge["dropped"].get("consumer gone", 0) for edge in chain) > 0


def test_a_source_that_is_killed_ends_the_run(small_recording: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.h5"
    options = ["--source", f"replay:{small_recording}", "--frames", "1000000", "--fps", "100", "--model", "none"]
    command = [*CLI, "run", *options, "--headless", "--record", str(record), "--transport", "ipc"]
    with subprocess.Popen(command, **PIPES) as run:
        wait_for_growth(record, 1 << 18)
        os.kill(stage_pids(run.pid)["source"], signal.SIGKILL)
        _, errors = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "a stage was killed" in errors
    assert "Traceback" not in errors


def test_a_second_ctrl_c_ends_a_run_whose_stage_hangs(small_recording: Path, tmp_path: Path) -> None:
    record = tmp_path / "record.h5"
    options = ["--source", f"replay:{small_recording}", "--frames", "1000000", "--fps", "100", "--model", "none"]
    command = [*CLI, "run", *options, "--headless", "--record", str(record), "--transport", "ipc"]
    with subprocess.Popen(command, **PIPES) as run:
        wait_for_growth(record, 1 << 18)
        hanging = stage_pids(run.pid)["beamform"]
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
