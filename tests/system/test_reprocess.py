"""`sonolucent reprocess` as a program: killed with all that it has started, run again, and what it says."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import write_recording

CLI = [sys.executable, "-m", "sonolucent", "reprocess"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    folder.mkdir()
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 500, 25e6)
    for seed in range(6):
        frames = np.random.default_rng(seed).integers(-999, 999, (8, *acquisition.shape)).astype(np.int16)
        write_recording(folder / f"{seed}.h5", frames, acquisition, frame_rate_hz=25.0)
    (folder / "foreign.txt").write_text("no recording")
    return folder


def outputs(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.h5"))}


def test_killed_at_any_time_the_same_command_goes_on(archive: Path, tmp_path: Path) -> None:
    command = [*CLI, str(archive), "--range-frames", "3", "--workers", "2", "--json", "--out"]
    undisturbed = subprocess.run([*command, str(tmp_path / "one")], capture_output=True, text=True, check=False)
    assert undisturbed.returncode == 1, undisturbed.stderr
    report = json.loads(undisturbed.stdout)
    assert list(report["bad"]) == ["foreign.txt"]
    assert report["frames"] == {"in": 48, "out": 48, "failed": 0, "skipped": 0}
    assert report["balanced"]

    out = tmp_path / "two"
    manifest = out / "manifest.jsonl"
    for n_lines in (2, 9):
        with subprocess.Popen(
            [*command, str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        ) as run:
            while run.poll() is None and (not manifest.exists() or manifest.read_bytes().count(b"\n") < n_lines):
                time.sleep(0.002)
            os.killpg(run.pid, signal.SIGKILL)
    last = subprocess.run([*command, str(out)], capture_output=True, text=True, check=False)
    frames = json.loads(last.stdout)["frames"]
    assert frames["in"] == frames["out"] + frames["skipped"] == 48
    assert outputs(out) == outputs(tmp_path / "one")
    assert sorted(path.name for path in out.iterdir()) == sorted([*outputs(out), "manifest.jsonl"])


def test_a_dry_run_says_what_would_be_done(archive: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [*CLI, str(archive), "--out", str(tmp_path / "out"), "--dry-run", "--enhance", "none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout.startswith("would read 6 file(s) of 48 frames")
    assert "bad: foreign.txt" in ended.stdout
    assert not (tmp_path / "out").exists()
