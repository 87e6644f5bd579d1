"""`sonolucent top` and the metrics it reads, on real runs."""

import os
import pty
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream.metrics.status import Status
from sonolucent.stream.metrics.status_client import fetch

from ..campaigns.running import running

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]


@contextmanager
def metered(
    recording: Path, transport: str, sink: Sequence[str] = ("--headless",)
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A run that goes on until it is interrupted, and the port of its metrics."""
    options = [*sink, "--loop", "--fps", "50", "--metrics", "0", "--transport", transport, "--json"]
    command = [*CLI, "run", "--source", f"replay:{recording}", *options]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stderr is not None
        line = run.stderr.readline()
        assert line.startswith("metrics: http://127.0.0.1:"), line
        try:
            yield run, int(line.rstrip(")\n").split()[-1])
        finally:
            run.send_signal(signal.SIGINT)
            run.communicate(timeout=60)


def after(n_frames: int, port: int) -> Status:
    """The status once so many images have come."""
    deadline = time.monotonic() + 60
    while (status := fetch(port)).frames_out < n_frames:
        assert time.monotonic() < deadline, status
        time.sleep(0.1)
    return status


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_run_is_seen_while_it_runs(sonolucent: Any, small_recording: Path, transport: str) -> None:
    with metered(small_recording, transport) as (_, port):
        status = after(20, port)
        shown = sonolucent("top", port)
        again = sonolucent("top", port, "--json").report
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
            text = answer.read().decode()
    assert set(status.stages) == {"source", "beamform", "enhance"}
    assert list(status.ledger) == ["scanner>source", "source>beamform", "beamform>enhance", "enhance>headless"]
    assert all(counts.in_flight >= 0 for counts in status.ledger.values())
    assert (status.transport, status.dropped, status.enhanced) == (transport, {}, status.frames_out)
    assert again["frames_out"] > status.frames_out
    assert shown.status == 0
    assert all(name in shown.output for name in ("frames/s", "beamform", "end to end", "enhance>headless", "light"))
    assert "\x1b" not in shown.output
    assert 'sonolucent_edge_delivered_total{edge="source>beamform"}' in text


def test_a_stage_that_was_killed_is_seen_to_come_back(small_recording: Path) -> None:
    with metered(small_recording, "ipc") as (run, port):
        before = after(5, port)
        os.kill(_stage_process(run.pid, "beamform"), signal.SIGKILL)
        status = after(before.frames_out + 20, port)
    assert (before.restarts, status.restarts) == ({}, {"beamform": 1})


def test_what_the_disk_has_taken_is_seen(small_recording: Path, tmp_path: Path) -> None:
    with metered(small_recording, "inproc", ["--record", str(tmp_path / "new.h5")]) as (_, port):
        status = after(5, port)
    assert status.ledger["recorder>disk"].acquired >= status.ledger["recorder>disk"].delivered > 0
    assert status.ledger["scanner>source"].delivered == status.frames_in >= status.frames_out


def test_on_a_terminal_it_follows_the_run_to_its_end(small_recording: Path) -> None:
    here, there = pty.openpty()
    with metered(small_recording, "inproc") as (_, port):
        after(5, port)
        top = subprocess.Popen([*CLI, "top", str(port)], stdin=subprocess.DEVNULL, stdout=there, stderr=there)
        os.close(there)
        output = os.read(here, 1000)
    while chunk := _read(here):
        output += chunk
    os.close(here)
    assert top.wait(timeout=30) == 0
    assert output.count(b"frames/s") > 1
    assert b"the run has ended" in output


def test_where_no_run_is_it_says_so(sonolucent: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = sonolucent("top", port)
    assert (ended.status, ended.output) == (1, "")
    assert f"no run answers on port {port}" in ended.errors
    assert f"--metrics {port}" in ended.errors
    assert sonolucent("top", 70000).status == 2


def _stage_process(run: int, stage: str) -> int:
    """The process of a stage."""
    children = Path(f"/proc/{run}/task/{run}/children").read_text().split()
    command = f"sonolucent.stream.runtime.stage_child\0{stage}\0"
    return next(int(child) for child in children if Path(f"/proc/{child}/cmdline").read_text().endswith(command))


def _read(terminal: int) -> bytes:
    """The next output; empty when the last program on the terminal has ended."""
    try:
        return os.read(terminal, 10_000)
    except OSError:
        return b""
