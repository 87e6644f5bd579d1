"""Recordings whose program is killed or whose disk is full open up to the last flush."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.stream.recording.reader import Recording

from ..campaigns.cut_off import kill_a_writer

# A limit on the size of files stands for a disk of that size.
ON_A_DISK_OF_4_MB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
from sonolucent.stream.commands.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("after_s", [0.0, 0.037, 0.3])
def test_a_killed_writer_leaves_all_that_was_flushed(tmp_path: Path, after_s: float) -> None:
    flushed, read = kill_a_writer(tmp_path / "cut.h5", after_s)
    assert read >= flushed > 0


def test_a_full_disk_is_told_and_leaves_all_that_was_flushed(small_recording: Path, tmp_path: Path) -> None:
    full = tmp_path / "full.h5"
    options: list[Any] = ["run", "--source", f"replay:{small_recording}", "--frames", 40, "--as-fast-as-possible"]
    options += ["--headless", "--model", "none", "--record", full, "--record-channels"]
    command = [sys.executable, "-c", ON_A_DISK_OF_4_MB, *map(str, options)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1, ended.stderr
    assert f"{full}: frame" in ended.stderr
    assert "cannot be written: File too large" in ended.stderr
    assert "Traceback" not in ended.stderr
    recording, original = Recording(full), Recording(small_recording)
    assert 5 < len(recording) < 40
    for i in range(len(recording)):
        assert np.array_equal(recording[i], original[i % len(original)])
