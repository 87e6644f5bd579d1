"""Recordings whose program is killed or whose disk is full open up to the last flush."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolucent.stream.recording.reader import Recording

from ..campaigns.cut_off import STREAMS, kill_a_writer

# A limit on the size of files stands for a disk of that size.
ON_A_DISK_OF_4_MB = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))
from sonolucent.stream.commands.main import main
sys.exit(main(sys.argv[1:]))
"""

SETTINGS_UNTIL_THE_DISK_IS_FULL = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings
from sonolucent.stream import Stream
from sonolucent.stream.errors import RecordingFailed
from sonolucent.stream.recording.writer import RecordingWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
stream = Stream(Acquisition(), ImageGrid.sau64(), imaging=ImagingSettings(tgc_db=tuple((i, 1.0) for i in range(1000))))
writer = RecordingWriter(Path(sys.argv[1]), stream, channels=False, images=True)
try:
    for revision in range(1000):
        writer.begin(replace(stream, revision=revision))
        writer.flush({})
except RecordingFailed as failure:
    print(failure)
"""

LOSSES_OR_COUNTS_ON_A_FULL_DISK = """
import resource, sys
from pathlib import Path
import numpy as np
from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.stream import EdgeCounts, Image, Stream
from sonolucent.stream.errors import RecordingFailed
from sonolucent.stream.recording.writer import RecordingWriter
path, what = Path(sys.argv[1]), sys.argv[2]
stream = Stream(Acquisition(), ImageGrid.sau64())
image = Image(0, np.zeros((1, *stream.grid.shape), np.float32), 60.0)
writer = RecordingWriter(path, stream, channels=False, images=True)
writer.write(image)
writer.flush({"a>b": EdgeCounts(1, 1)})
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    if what == "the loss of frame":
        for _ in range(100_000):
            writer.lose("image", image.frame_id, "disk too slow")
    writer.close({f"edge{i}>x": EdgeCounts(40, 40, {"r" * 50: i}) for i in range(3000)})
except RecordingFailed as failure:
    print(failure)
"""


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("after_s", [0.0, 0.037, 0.3])
def test_a_killed_writer_leaves_all_that_was_flushed(tmp_path: Path, after_s: float, kind: str) -> None:
    flushed, read = kill_a_writer(tmp_path / "cut.h5", after_s, kind)
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


def test_settings_on_a_full_disk_are_told_and_leave_the_recording_readable(tmp_path: Path) -> None:
    full = tmp_path / "full.h5"
    command = [sys.executable, "-c", SETTINGS_UNTIL_THE_DISK_IS_FULL, str(full)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert f"{full}: the settings of images cannot be written: File too large" in ended.stdout
    assert 0 in Recording(full).imaging


@pytest.mark.parametrize("what", ["the loss of frame", "the final counts"])
def test_losses_and_counts_on_a_full_disk_are_told_and_leave_the_recording_readable(tmp_path: Path, what: str) -> None:
    full = tmp_path / "full.h5"
    command = [sys.executable, "-c", LOSSES_OR_COUNTS_ON_A_FULL_DISK, str(full), what]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{full}: {what}" in ended.stdout
    assert "cannot be written: File too large" in ended.stdout
    assert Recording(full).n_images == 1
