"""Replays play the frames that were asked for."""

import itertools
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream import run, write_recording
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Stream
from sonolucent.stream.openers import open_source
from sonolucent.stream.recording.writer import RecordingWriter

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames; every sample of frame i is i."""
    path = tmp_path_factory.mktemp("replay") / "five.h5"
    acquisition = Acquisition(PROBE, range(4), 64, 25e6)
    writer = RecordingWriter(
        path, Stream(acquisition, ImageGrid(0, 1e-3, 1e-4, 1e-4, 5, 6)), channels=True, images=False
    )
    for i in range(5):
        writer.write(Channels(i, np.full(acquisition.shape, i, np.int16)))
    writer.close()
    return path


def played(path: Path, n_at_most: int = 12, **options: Any) -> list[int]:
    config = Config(source=f"replay:{path}", as_fast_as_possible=True, **options)
    frames = itertools.islice(open_source(config, Event()).frames, n_at_most)
    return [int(frame.data[0, 0, 0]) for frame in frames]


def test_first_and_last_are_both_played(recording: Path) -> None:
    assert played(recording) == [0, 1, 2, 3, 4]
    assert played(recording, first=1, last=3) == [1, 2, 3]
    assert played(recording, first=4) == [4]
    assert played(recording, last=0) == [0]


def test_a_loop_and_a_number_of_frames_start_over(recording: Path) -> None:
    assert played(recording, first=3, loop=True) == [3, 4] * 6
    assert played(recording, first=1, last=2, frames=5) == [1, 2, 1, 2, 1]
    assert played(recording, first=3, loop=True, frames=3) == [3, 4, 3]


def test_frames_that_are_not_there_are_named(recording: Path) -> None:
    with pytest.raises(ConfigError, match=r"five\.h5: holds frames 0 to 4; there is no replay from 5 to its end"):
        played(recording, first=5)
    with pytest.raises(ConfigError, match="no replay from 0 to 5"):
        played(recording, last=5)


def test_what_is_odd_about_the_data_is_in_the_report_of_the_run(tmp_path: Path) -> None:
    acquisition = Acquisition(PROBE, range(4), 256, 25e6)
    frames = np.random.default_rng(1).integers(-999, 999, (2, *acquisition.shape), dtype=np.int16)
    frames[:, :, 2] = 0
    write_recording(tmp_path / "dead.hdf5", frames, acquisition)
    report = run(Config(source=f"replay:{tmp_path / 'dead.hdf5'}", model="none", headless=True))
    assert report.frames_out == 2
    assert [warning for warning in report.warnings if "nothing is received by element 2" in warning]
