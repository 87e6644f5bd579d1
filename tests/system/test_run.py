"""Whole pipelines: every transport delivers, the ledger adds up, and nothing stays behind."""

import fcntl
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter

from ..campaigns.kill_stages import processes
from ..campaigns.running import running

pytestmark = pytest.mark.slow
CLI = [sys.executable, "-m", "sonolucent"]
FOR_EVER = ["--view", "--no-browser", "--port", "0", "--model", "none", "--json"]


@pytest.mark.parametrize("transport", ["inproc", "ipc", "tcp"])
def test_a_replay_delivers_every_frame(sonolucent: Any, small_recording: Path, transport: str) -> None:
    options = ["--headless", "--frames", 50, "--as-fast-as-possible", "--transport", transport, "--json"]
    ended = sonolucent("run", "--source", f"replay:{small_recording}", *options)
    assert ended.status == 0, ended.errors
    report = ended.report
    assert (report["frames_in"], report["frames_out"], report["enhanced"]) == (50, 50, 50)
    assert report["balanced"]
    assert report["dropped"] == {}
    assert report["fps"] > 0
    assert "@" in report["model"]
    assert set(report["stages"]) == {"source", "beamform", "enhance"}
    for latency in (*report["stages"].values(), report["end_to_end"]):
        assert 0 <= latency["p50_ms"] <= latency["p95_ms"] <= latency["p99_ms"] <= latency["max_ms"]
        assert latency["budget_ms"] > 0
        assert latency["over_budget"] in (True, False)


def test_the_real_capture_runs_through(sonolucent: Any, real_data: Path) -> None:
    file = real_data / "fmc" / "aluminium_64x0.63mm_5MHz_hmc.mat"
    ended = sonolucent("run", "--source", f"replay:{file}", "--headless", "--frames", 50, "--json")
    assert ended.status == 0, ended.errors
    assert (ended.report["frames_in"], ended.report["frames_out"], ended.report["balanced"]) == (50, 50, True)


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_frames_that_are_not_finite_are_dropped_and_counted(sonolucent: Any, tmp_path: Path, transport: str) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    file = tmp_path / "float.h5"
    stream = Stream(acquisition, ImageGrid.for_acquisition(acquisition), 25.0, "<f4")
    writer = RecordingWriter(file, stream, channels=True, images=False)
    for i in range(5):
        noise = np.random.default_rng(i).standard_normal(acquisition.shape).astype(np.float32)
        if i in (1, 2):
            noise[4, 3, 100 + i] = np.nan
        writer.write(Channels(i, noise, 0, Trail.begin()))
    writer.close()
    options = ["--headless", "--frames", 5, "--as-fast-as-possible", "--transport", transport, "--json"]
    ended = sonolucent("run", "--source", f"replay:{file}", *options)
    assert ended.status == 0, ended.errors
    report = ended.report
    assert (report["frames_in"], report["frames_out"], report["balanced"]) == (5, 3, True)
    assert report["dropped"] == {"beamform>enhance": {"not finite": 2}}
    assert ended.errors.count("frame 1: channel data holds nan at transmit 4, receiver 3, sample 101") == 1


def test_a_recorded_run_replays_bit_for_bit(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.h5", tmp_path / "second.h5"
    options = ["--headless", "--frames", 4, "--as-fast-as-possible"]
    ended = sonolucent("run", "--source", f"replay:{small_recording}", "--record", first, "--record-channels", *options)
    assert ended.status == 0, ended.errors
    assert sonolucent("run", "--source", f"replay:{first}", "--record", second, *options).status == 0
    one, two = Recording(first), Recording(second)
    assert {edge: (c.acquired, c.delivered, c.dropped) for edge, c in one.edges.items()} == {
        edge: (n, n, {}) for edge, n in ((edge, 8 if edge == "recorder>disk" else 4) for edge in one.edges)
    }
    assert {"scanner>source", "source>recorder", "enhance>recorder", "recorder>disk"} <= set(one.edges)
    assert (len(one), one.n_images, two.n_images) == (4, 4, 4)
    for i in range(4):
        assert np.array_equal(one[i], Recording(small_recording)[i])
        assert np.array_equal(one.image(i).layers, two.image(i).layers)
        assert one.image(i).model
    hashes = [sonolucent("info", path, "--hashes", "--json").report["hashes"] for path in (first, second)]
    assert hashes[0]["image"] == hashes[1]["image"]
    assert len(set(hashes[0]["raw_data"].values())) == len(hashes[0]["raw_data"]) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_ctrl_c_ends_in_order_and_prints_the_ledger(small_recording: Path, number: signal.Signals) -> None:
    command = [*CLI, "run", "--source", f"replay:{small_recording}", *FOR_EVER[:-1]]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "viewer:" in process.stderr.readline()
        process.send_signal(number)
        output, errors = process.communicate(timeout=30)
    assert process.returncode == 0
    assert "source>beamform" in output
    assert "Traceback" not in errors


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_a_terminal_that_closes_ends_a_run_in_order(small_recording: Path, tmp_path: Path, transport: str) -> None:
    """All it has to say is lost with the terminal; what it recorded is not."""
    recorded = tmp_path / "images.h5"
    command = [*CLI, "run", "--source", f"replay:{small_recording}", "--loop", "--headless", "--model", "none"]
    command += ["--record", str(recorded), "--transport", transport]
    master, slave = pty.openpty()
    with running(command, stdin=slave, stdout=slave, stderr=slave, preexec_fn=_take_terminal) as process:
        os.close(slave)
        deadline = time.monotonic() + 60
        while not recorded.exists() or recorded.stat().st_size < 500_000:
            assert time.monotonic() < deadline, "nothing is recorded"
            time.sleep(0.05)
        os.close(master)
        assert process.wait(timeout=60) == 1
    recording = Recording(recorded)
    assert recording.edges["source>beamform"].balanced
    assert recording.edges["recorder>disk"].delivered == recording.n_images > 0


def _take_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_a_report_goes_to_standard_error_where_standard_output_takes_none(small_recording: Path) -> None:
    command = [*CLI, "run", "--source", f"replay:{small_recording}", "--headless", "--model", "none", "--json"]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    report, _, message = ended.stderr.partition("sonolucent: ")
    assert ended.returncode == 1
    assert json.loads(report)["frames_out"] == 4
    assert message.startswith("standard output cannot be written: No space left on device; the report is on")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short name: the path of a socket has at most 107 characters."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


def test_no_orphan_and_no_folder_of_sockets_survive_a_killed_parent(small_recording: Path, short_folder: Path) -> None:
    command = [*CLI, "run", "--source", f"replay:{small_recording}", *FOR_EVER, "--transport", "ipc"]
    quiet: dict[str, Any] = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    with running(command, env={**os.environ, "TMPDIR": str(short_folder)}, **quiet) as parent:
        assert parent.stderr is not None
        assert "viewer:" in parent.stderr.readline()
        deadline = time.monotonic() + 60
        while len(stages := processes(parent.pid)) < 4 or not any(len(pids) == 2 for pids in stages.values()):
            assert time.monotonic() < deadline, "no stage has another process that stands by"
            time.sleep(0.1)
        parent.kill()
    children = [pid for pids in stages.values() for pid in pids]
    deadline = time.monotonic() + 25
    while any(_running(pid) for pid in children):
        assert time.monotonic() < deadline, "a stage outlived its parent"
        time.sleep(0.1)
    assert not list(short_folder.glob("sonolucent-*"))


def _running(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and ") Z " not in status.read_text()


@pytest.mark.parametrize("transport", ["inproc", "ipc"])
def test_every_stage_says_once_what_it_has_planned_where_asked(
    sonolucent: Any, small_recording: Path, transport: str
) -> None:
    options = ["--source", f"replay:{small_recording}", "--headless", "--model", "none", "--frames", 2, "--verbose"]
    lines = sonolucent("run", *options, "--transport", transport).errors.splitlines()
    assert sorted(line.partition(": ")[0] for line in lines) == ["beamform", "enhance", "headless", "source"], lines


def test_nohup_outlives_its_terminal(small_recording: Path) -> None:
    command = ["nohup", *CLI, "run", "--source", f"replay:{small_recording}", *FOR_EVER]
    with running(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "viewer:" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGHUP)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.0)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert json.loads(output)["interrupted"]
