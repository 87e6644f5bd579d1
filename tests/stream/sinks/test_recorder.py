"""The recorder between a stream and a disk that cannot keep up."""

import gc
import threading
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.beamform.probe import Probe
from sonolucent.stream.config import Config
from sonolucent.stream.errors import OutputError, RecordingFailed
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sinks.recorder import EDGE, TOO_SLOW, Recorder

PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
STREAM = Stream(Acquisition(PROBE, range(4), 64, 25e6), ImageGrid(0.0, 1e-3, 1e-4, 1e-4, 5, 6), 25.0)
ROOM_FOR_TWO = 2 * 4 * 4 * 64 * 2


def channels(i: int) -> Channels:
    return Channels(i, np.full(STREAM.acquisition.shape, i, np.int16), 0, Trail.begin())


class Disk:
    """Holds every write up until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.writing = threading.Event()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk, write = Disk(), RecordingWriter.write

    def held_up(writer: RecordingWriter, frame: Channels | Image) -> None:
        disk.writing.set()
        assert disk.go.wait(30)
        write(writer, frame)

    monkeypatch.setattr(RecordingWriter, "write", held_up)
    yield disk
    disk.go.set()


def recorder(path: Path, *, live: bool) -> Recorder:
    config = Config(record=str(path), record_channels=True, as_fast_as_possible=not live)
    assert config.live == live
    return Recorder(config, STREAM, queue_bytes=ROOM_FOR_TWO)


def test_a_live_stream_loses_whole_frames_and_says_which(tmp_path: Path, disk: Disk) -> None:
    sink = recorder(tmp_path / "a.h5", live=True)
    for i in range(4):
        sink.write(channels(i))
        assert disk.writing.wait(30)
    sink.write(Image(4, np.zeros((1, *STREAM.grid.shape), np.float32), 60.0))
    sink.write(channels(5))
    disk.go.set()
    end = sink.close({"source>recorder": EdgeCounts(6, 6)})
    assert end.edges == {EDGE: EdgeCounts(6, 2, {TOO_SLOW: 4})}
    assert end.lost == {"raw_data": [(2, 3), (5, 5)], "image": [(4, 4)]}
    recording = Recording(tmp_path / "a.h5")
    assert list(recording.frame_ids) == [0, 1]
    assert [frame[0, 0, 0] for frame in recording] == [0, 1]
    assert recording.lost == {"raw_data": [2, 3, 5], "image": [4]}
    assert recording.edges == {"source>recorder": EdgeCounts(6, 6), **end.edges}


def test_what_is_lost_takes_no_memory(tmp_path: Path, disk: Disk) -> None:
    """A disk that stood still for ten seconds took two gigabytes."""
    sink, lost = recorder(tmp_path / "a.h5", live=True), channels(3)
    for i in range(3):
        sink.write(channels(i))
    assert disk.writing.wait(30)
    pixels = weakref.ref(lost.data)
    sink.write(lost)
    del lost
    gc.collect()
    assert pixels() is None
    disk.go.set()
    assert 3 in (i for first, last in sink.close({}).lost["raw_data"] for i in range(first, last + 1))


def test_any_other_stream_waits(tmp_path: Path, disk: Disk) -> None:
    sink = recorder(tmp_path / "a.h5", live=False)
    pushed: list[int] = []

    def push() -> None:
        for i in range(6):
            sink.write(channels(i))
            pushed.append(i)

    pusher = threading.Thread(target=push)
    pusher.start()
    assert disk.writing.wait(30)
    pusher.join(0.3)
    assert pushed == [0, 1]
    disk.go.set()
    pusher.join(30)
    end = sink.close({})
    assert (end.edges, end.lost) == ({EDGE: EdgeCounts(6, 6)}, {})
    assert list(Recording(tmp_path / "a.h5").frame_ids) == list(range(6))


def test_a_disk_that_fails_ends_the_recording_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(writer: RecordingWriter, frame: Channels | Image) -> None:
        raise RecordingFailed("no space left")

    monkeypatch.setattr(RecordingWriter, "write", refuse)
    sink = recorder(tmp_path / "a.h5", live=True)
    sink.write(channels(0))
    with pytest.raises(RecordingFailed, match="no space left"):
        sink.close({})
    with pytest.raises(RecordingFailed, match="no space left"):
        sink.write(channels(1))


def test_a_recording_that_was_cut_off_goes_on_in_a_second_file(tmp_path: Path) -> None:
    first, taken = tmp_path / "a.h5", tmp_path / "a-2.h5"
    taken.write_bytes(b"somebody's")
    writer = RecordingWriter(tmp_path / "not closed.h5", STREAM, channels=True, images=True)
    for i in range(3):
        writer.write(channels(i))
    writer.lose("raw_data", 3, TOO_SLOW)
    writer.flush({})
    before = writer.path.read_bytes()
    first.write_bytes(before)
    writer.close()
    config = Config(record=str(first), record_channels=True)
    sink = Recorder(config, STREAM, (str(first),))
    sink.write(channels(7))
    end = sink.close({})
    assert sink.recorded == (str(first), str(tmp_path / "a-3.h5"))
    assert end.edges == {EDGE: EdgeCounts(5, 4, {TOO_SLOW: 1})}
    assert end.lost == {"raw_data": [(3, 3)]}
    assert list(Recording(tmp_path / "a-3.h5").frame_ids) == [7]
    assert (first.read_bytes(), taken.read_bytes()) == (before, b"somebody's")


def test_images_of_other_pixels_go_on_in_a_second_file_and_others_in_the_same(tmp_path: Path) -> None:
    sink = Recorder(Config(record=str(tmp_path / "a.h5")), STREAM)
    edges = {"source>beamform": EdgeCounts(1, 1)}

    def image(i: int, stream: Stream) -> Image:
        layers = np.full((1, *stream.grid.shape), -i, np.float32)
        return Image(i, layers, 60.0, trail=Trail(edges=edges), revision=stream.revision)

    louder = replace(STREAM, imaging=ImagingSettings(gain_db=3), revision=1)
    smaller = replace(louder, grid=replace(STREAM.grid, n_z=3), revision=2)
    for i, stream in enumerate((STREAM, louder, smaller)):
        sink.begin(stream)
        sink.write(image(i, stream))
    sink.close(edges)
    first, second = (Recording(Path(file)) for file in sink.recorded)
    assert [first.image(i).revision for i in range(first.n_images)] == [0, 1]
    assert (first.imaging[0], first.imaging[1].gain_db, list(second.imaging)) == (ImagingSettings(), 3, [2])
    assert (second.image(0).frame_id, second.image(0).bmode.shape) == (2, (3, 6))
    assert (first.edges["source>beamform"], first.edges[EDGE].delivered) == (EdgeCounts(1, 1), 2)
    assert second.edges == {**edges, EDGE: EdgeCounts(3, 3)}


def test_a_recorder_that_begins_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"somebody's")
    with pytest.raises(OutputError, match="exists"):
        Recorder(Config(record=str(tmp_path / "a.h5")), STREAM)
