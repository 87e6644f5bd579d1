"""Recordings come back as they were written; damaged and foreign files are named."""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream import OutputError, RecordingError, open_recording
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording import layout
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter

ACQUISITION = Acquisition(
    Probe.linear(
        n_elements=4,
        pitch_m=0.3e-3,
        element_width_m=0.25e-3,
        center_frequency_hz=5e6,
        fractional_bandwidth=0.7,
    ),
    (0, 2),
    64,
    25e6,
    1.25e-6,
    1480.0,
)
STREAM = Stream(ACQUISITION, ImageGrid(-0.6e-3, 1e-3, 0.1e-3, 0.05e-3, 20, 12), 30.0)
TRAIL = Trail(11, 22, (), {"source>recorder": EdgeCounts(9, 7, {"latest": 2})})


def channels(i: int) -> Channels:
    data = np.random.default_rng(i).integers(-999, 999, STREAM.acquisition.shape, dtype=np.int16)
    return Channels(i, data, 0, TRAIL)


def image(i: int, n_layers: int) -> Image:
    layers = -np.random.default_rng(i).random((n_layers, *STREAM.grid.shape), np.float32)
    model, skipped = ("light@1234", "") if n_layers == 2 else ("", "no model")
    return Image(i, layers, 60.0, model, "cpu", skipped, Trail(11, 22))


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "all.h5"
    writer = RecordingWriter(path, STREAM, channels=True, images=True)
    frames = [channels(5), channels(7)]
    images = [image(5, 2), image(7, 1)]
    for frame in (*frames, *images):
        writer.write(frame)
    writer.close(TRAIL.edges)
    recording = open_recording(path)
    assert isinstance(recording, Recording)
    assert recording.stream == STREAM
    assert [f.tobytes() for f in recording] == [f.data.tobytes() for f in frames]
    assert list(recording.frame_ids) == [5, 7]
    assert recording.edges == TRAIL.edges
    for written, read in zip(images, (recording.image(0), recording.image(1)), strict=True):
        assert np.array_equal(written.layers, read.layers)
        assert (written.model, written.skipped, written.trail) == (read.model, read.skipped, read.trail)
    recording.close()


def test_names_are_those_of_the_field(tmp_path: Path) -> None:
    RecordingWriter(tmp_path / "a.h5", STREAM, channels=True, images=False).close()
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["probe/probe_geometry"].attrs["units"] == "m"
        assert np.allclose(file["probe/probe_geometry"][:, 0], ACQUISITION.probe.element_x_m)
        assert file["tracks/track_0/data/raw_data"].chunks == (1, *ACQUISITION.shape)


def test_images_alone_have_no_channel_data(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "i.h5", STREAM, channels=False, images=True)
    writer.write(image(0, 2))
    writer.close()
    recording = open_recording(tmp_path / "i.h5")
    assert isinstance(recording, Recording)
    assert (len(recording), recording.n_images) == (0, 1)
    assert list(recording.frame_ids) == []
    with pytest.raises(IndexError, match="holds 0 frames"):
        recording[0]


def test_a_recording_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("precious")
    with pytest.raises(OutputError, match="exists"):
        RecordingWriter(tmp_path / "a.h5", STREAM, channels=True, images=True)
    assert (tmp_path / "a.h5").read_text() == "precious"


def test_a_frame_of_another_shape_is_refused(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "a.h5", STREAM, channels=True, images=False)
    with pytest.raises(RecordingError, match="shape"):
        writer.write(Channels(0, np.zeros((1, 2, 3), np.int16)))
    writer.close()


def test_a_truncated_file_is_a_clear_error_or_opens(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "whole.h5", STREAM, channels=True, images=False)
    writer.write(channels(0))
    writer.close()
    whole = (tmp_path / "whole.h5").read_bytes()
    cut = tmp_path / "cut.h5"
    for size in range(0, len(whole) - 1, len(whole) // 40):
        cut.write_bytes(whole[:size])
        with pytest.raises(RecordingError, match=r"cut\.h5"):
            open_recording(cut)


def test_foreign_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"missing\.h5: No such file"):
        open_recording(tmp_path / "missing.h5")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(RecordingError, match="of no format that can be read"):
        open_recording(tmp_path / "notes.txt")
    with h5py.File(tmp_path / "other.h5", "w", libver="latest") as other:
        other["x"] = 1
    with pytest.raises(RecordingError, match=r"of no format that can be read .*; it is HDF5 and holds x"):
        open_recording(tmp_path / "other.h5")


def test_a_recording_is_there_once_it_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program may be killed while it lays the file out."""
    path = tmp_path / "a.h5"
    there: list[bool] = []
    lay_out = RecordingWriter._lay_out

    def looked_at(*arguments: object, **options: object) -> None:
        there.append(path.exists())
        lay_out(*arguments, **options)  # type: ignore[arg-type]
        there.append(path.exists())

    monkeypatch.setattr(RecordingWriter, "_lay_out", looked_at)
    writer = RecordingWriter(path, STREAM, channels=True, images=True)
    assert there == [False, False]
    assert list(tmp_path.iterdir()) == [path]
    cut_off = tmp_path / "cut_off.h5"
    shutil.copy(path, cut_off)
    writer.close()
    assert len(Recording(cut_off)) == 0


def test_a_recording_of_hours_tells_of_every_frame(tmp_path: Path) -> None:
    path, n = tmp_path / "long.h5", 800_000  # images of nine hours at 25 a second
    writer = RecordingWriter(path, STREAM, channels=True, images=True)
    writer.write(channels(5))
    writer.write(image(5, 2))
    writer.close(TRAIL.edges)
    with h5py.File(path, "r+") as file:
        for name in (layout.RAW, layout.RAW_INDEX, layout.BMODE, layout.ENHANCED, layout.IMAGE_INDEX):
            file[name].resize(n, axis=0)
    recording = open_recording(path)
    assert isinstance(recording, Recording)
    assert (len(recording.image_index), len(recording.frame_ids)) == (n, n)
    assert recording.image_index["frame_id"][0] == 5
