"""Recordings of arrays: what is written is what `open_recording` reads."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.beamform import Acquisition, Probe
from sonolucent.stream import OutputError, RecordingError, convert_recording, open_recording, write_recording
from sonolucent.stream.recording.foreign import ForeignRecording

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(8), n_samples=400, sampling_frequency_hz=25e6, initial_time_s=1e-6)
FRAMES = np.random.default_rng(1).integers(-999, 999, (3, *ACQUISITION.shape), dtype=np.int16)


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.uff"])
@pytest.mark.parametrize("frames", [FRAMES, list(FRAMES.astype(np.float32))], ids=["int16", "float32"])
def test_arrays_come_back_as_they_were(tmp_path: Path, name: str, frames: np.ndarray) -> None:
    write_recording(tmp_path / name, frames, ACQUISITION, frame_rate_hz=30.0)
    recording = open_recording(tmp_path / name)
    assert len(recording) == len(frames)
    for written, read in zip(frames, recording, strict=True):
        np.testing.assert_array_equal(read, written)
    assert recording.frame_rate_hz == pytest.approx(30.0)
    assert recording.acquisition.tx_elements == ACQUISITION.tx_elements
    assert recording.acquisition.initial_time_s == pytest.approx(ACQUISITION.initial_time_s, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "frames", "message"),
    [
        ("a.xyz", FRAMES, "a suffix of"),
        ("a.h5", FRAMES[:0], "no frame"),
        ("a.h5", FRAMES[:, :, :, :-1].copy(), r"frame 0: .*shape"),
        ("a.h5", FRAMES.astype(np.float64), "frame 0: .*int16 or float32"),
        ("a.h5", [FRAMES[0], FRAMES[1].astype(np.float32)], "frame 1 is float32 and frame 0 is int16"),
    ],
)
def test_what_cannot_be_written_is_named_and_nothing_is(
    tmp_path: Path, name: str, frames: np.ndarray, message: str
) -> None:
    with pytest.raises(RecordingError, match=message):
        write_recording(tmp_path / name, frames, ACQUISITION)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "kept"), [("a.h5", (2, 5)), ("a.hdf5", ()), ("a.uff", ())])
def test_dead_elements_are_kept_or_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, kept: tuple[int, ...]
) -> None:
    write_recording(tmp_path / name, FRAMES, replace(ACQUISITION, dead_elements=(2, 5)))
    assert open_recording(tmp_path / name).acquisition.dead_elements == kept
    assert ("no place for dead elements; [2, 5]" in caplog.text) == (kept == ())


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        write_recording(tmp_path / "a.h5", FRAMES, ACQUISITION)
    assert (tmp_path / "a.h5").read_text() == "mine"


@pytest.mark.parametrize("name", ["a.h5", "a.hdf5", "a.uff"])
def test_a_conversion_that_fails_leaves_no_file_behind(tmp_path: Path, name: str) -> None:
    def read(index: int) -> np.ndarray:
        if index == 2:
            raise RecordingError("frame 2 cannot be read")
        return FRAMES[index]

    broken = ForeignRecording("test", tmp_path / "source", ACQUISITION, None, 3, read)
    with pytest.raises(RecordingError, match="frame 2 cannot be read"):
        convert_recording(broken, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frame_rate_hz", [-0.25, 0.0, float("nan")])
def test_a_rate_that_cannot_be_is_refused(tmp_path: Path, frame_rate_hz: float) -> None:
    with pytest.raises(RecordingError, match=r"a\.h5: frame_rate_hz is "):
        write_recording(tmp_path / "a.h5", FRAMES, ACQUISITION, frame_rate_hz=frame_rate_hz)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("pitch_m", [127.0, 1e-9])
def test_a_probe_that_no_plan_could_be_made_for_is_neither_written_nor_read(tmp_path: Path, pitch_m: float) -> None:
    probe = replace(PROBE, pitch_m=pitch_m, element_width_m=pitch_m / 2)
    with pytest.raises(RecordingError, match="pitch_m must lie within"):
        write_recording(tmp_path / "a.h5", FRAMES, replace(ACQUISITION, probe=probe))
    write_recording(tmp_path / "a.h5", FRAMES, ACQUISITION)
    with h5py.File(tmp_path / "a.h5", "a") as file:
        file["probe/pitch"][()] = pitch_m
        file["probe/element_width"][()] = pitch_m / 2
        file["probe/probe_geometry"][:, 0] = probe.element_x_m
    with pytest.raises(RecordingError, match=r"a\.h5: pitch_m must lie within"):
        open_recording(tmp_path / "a.h5")
