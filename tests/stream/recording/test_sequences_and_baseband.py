"""Recordings of transmit sequences and of baseband data come back as they were, and replay to the same images."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import h5py
import numpy as np
import pytest

from sonolucent.beamform import Acquisition, BModeImager, ImageGrid, Probe, TransmitSequence, to_baseband
from sonolucent.stream import Channels, RecordingError, Stream, open_recording, write_recording
from sonolucent.stream.config import Config
from sonolucent.stream.openers import open_source
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.sinks.recorder import Recorder

PROBE = Probe.linear(n_elements=8, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6)
FULL = Acquisition(PROBE, range(8), 640, 25e6, initial_time_s=1.25e-6)
BASEBAND = replace(FULL, n_samples=160, sampling_frequency_hz=6.25e6, demodulation_frequency_hz=5e6)
PLANE_WAVES = TransmitSequence.plane_waves(PROBE, [-0.2, 0.0, 0.2], 1540.0)
DEAD_ELEMENT = TransmitSequence(np.zeros((3, 8)), np.eye(8)[1:4] - np.eye(8)[2:5])
BEFORE = Path(__file__).parents[2] / "data" / "recording_before_sequences.h5"

ACQUISITIONS = {
    "dead elements": replace(FULL, dead_elements=(0, 5)),
    "full matrix": FULL,
    "plane waves": replace(FULL, sequence=PLANE_WAVES),
    "some elements fire": Acquisition(PROBE, n_samples=640, sequence=DEAD_ELEMENT),
    "baseband": BASEBAND,
    "baseband Hadamard": replace(BASEBAND, sequence=TransmitSequence.hadamard(8)),
}
kinds = pytest.mark.parametrize("kind", ACQUISITIONS)


def frames_of(acquisition: Acquisition, n_frames: int = 3) -> np.ndarray[Any, Any]:
    """Noise of the type that belongs to an acquisition."""
    real, imaginary = np.random.default_rng(1).integers(-999, 999, (2, n_frames, *acquisition.shape), dtype=np.int16)
    return (real + 1j * imaginary).astype(np.complex64) if acquisition.is_baseband else real


@kinds
def test_one_call_writes_what_open_recording_reads(tmp_path: Path, kind: str) -> None:
    acquisition = ACQUISITIONS[kind]
    frames = frames_of(acquisition)
    write_recording(tmp_path / "a.h5", frames, acquisition, frame_rate_hz=20.0)
    recording = open_recording(tmp_path / "a.h5")
    assert recording.acquisition == acquisition
    assert recording.frame_rate_hz == 20.0
    assert np.array_equal(list(recording), frames)
    assert recording[0].dtype == frames.dtype
    assert recording[0].flags.c_contiguous


@kinds
def test_a_replay_plays_the_stream_that_was_recorded(tmp_path: Path, kind: str) -> None:
    acquisition = ACQUISITIONS[kind]
    frames = frames_of(acquisition)
    write_recording(tmp_path / "a.h5", frames, acquisition, frame_rate_hz=20.0)
    source = open_source(Config(source=f"replay:{tmp_path / 'a.h5'}", as_fast_as_possible=True), Event())
    assert source.stream.acquisition == acquisition
    recorder = Recorder(Config(record=str(tmp_path / "b.h5"), record_channels=True), source.stream)
    for frame in source.frames:
        recorder.write(frame)
    recorder.close({})
    again = Recording(tmp_path / "b.h5")
    assert again.stream == replace(source.stream, frame_rate_hz=None)
    assert np.array_equal(list(again), frames)


def test_images_of_a_recording_at_baseband_are_those_of_the_arrays(tmp_path: Path) -> None:
    frame, acquisition = to_baseband(frames_of(FULL)[0], FULL, 4)
    write_recording(tmp_path / "a.h5", [frame], acquisition)
    recording = open_recording(tmp_path / "a.h5")
    read = BModeImager(recording.acquisition, threads=1)(recording[0])
    assert np.array_equal(read, BModeImager(acquisition, threads=1)(frame))
    assert len(np.unique(read)) > 100


def test_images_alone_are_recorded_of_a_baseband_stream(tmp_path: Path) -> None:
    stream = Stream(BASEBAND, ImageGrid.for_acquisition(BASEBAND), 25.0, "<c8")
    RecordingWriter(tmp_path / "a.h5", stream, channels=False, images=True).close()
    assert Recording(tmp_path / "a.h5").stream == stream


def test_names_and_axes_are_those_of_zea(tmp_path: Path) -> None:
    acquisition = ACQUISITIONS["baseband Hadamard"]
    frames = frames_of(acquisition)
    write_recording(tmp_path / "a.h5", frames, acquisition)
    with h5py.File(tmp_path / "a.h5") as file:
        assert np.array_equal(file["scan/t0_delays"], np.zeros((8, 8)))
        assert file["scan/t0_delays"].attrs["units"] == "s"
        assert np.array_equal(file["scan/tx_apodizations"], TransmitSequence.hadamard(8).apodization)
        assert file["scan/demodulation_frequency"][()] == 5e6
        assert "tx_elements" not in file["scan"]
        pairs = file["tracks/track_0/data/raw_data"]
        assert (pairs.shape, pairs.dtype) == ((3, 8, 8, 160, 2), np.float32)
        assert np.array_equal(pairs[..., 0] + 1j * pairs[..., 1], frames)


def test_a_recording_of_before_sequences_is_read() -> None:
    recording = open_recording(BEFORE)
    probe = Probe.linear(
        n_elements=4, pitch_m=0.3e-3, element_width_m=0.25e-3, center_frequency_hz=5e6, fractional_bandwidth=0.7
    )
    assert recording.acquisition == Acquisition(probe, (0, 2), 64, 25e6, 1.25e-6, 1480.0)
    assert np.array_equal(list(recording), np.arange(1024, dtype=np.int16).reshape(2, 2, 4, 64))


def no_apodizations(file: h5py.File) -> None:
    del file["scan/tx_apodizations"]


def silent_shot(file: h5py.File) -> None:
    file["scan/tx_apodizations"][1] = 0


def other_elements(file: h5py.File) -> None:
    for name in ("t0_delays", "tx_apodizations"):
        values = file[f"scan/{name}"][:, :5]
        del file[f"scan/{name}"]
        file[f"scan/{name}"] = values


def shots_at_different_times(file: h5py.File) -> None:
    file["scan/initial_times"][2] = 3e-6


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (no_apodizations, "tx_apodizations"),
        (silent_shot, "shot 1 fires no element"),
        (other_elements, "the sequence has 5 elements, the probe 8"),
        (shots_at_different_times, "initial_times"),
    ],
)
def test_a_sequence_that_cannot_be_is_refused(
    tmp_path: Path, damage: Callable[[h5py.File], None], message: str
) -> None:
    acquisition = ACQUISITIONS["plane waves"]
    write_recording(tmp_path / "a.h5", frames_of(acquisition), acquisition)
    with h5py.File(tmp_path / "a.h5", "r+", libver="latest") as file:
        damage(file)
    with pytest.raises(RecordingError, match=message):
        open_recording(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("kind", "frames", "message"),
    [
        ("baseband", frames_of(BASEBAND).real.copy(), "complex64 .baseband. array, not float32"),
        ("full matrix", frames_of(FULL).astype(np.complex64), "int16 or float32 array, not complex64"),
        ("plane waves", frames_of(FULL), r"this acquisition gives \(3, 8, 640\)"),
    ],
)
def test_arrays_that_are_not_what_the_acquisition_says_are_refused(
    tmp_path: Path, kind: str, frames: np.ndarray[Any, Any], message: str
) -> None:
    with pytest.raises(RecordingError, match=message):
        write_recording(tmp_path / "a.h5", frames, ACQUISITIONS[kind])
    assert list(tmp_path.iterdir()) == []


def test_a_frame_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    stream = Stream(BASEBAND, ImageGrid.for_acquisition(BASEBAND), dtype="<c8")
    writer = RecordingWriter(tmp_path / "a.h5", stream, channels=True, images=False)
    with pytest.raises(RecordingError, match="shape"):
        writer.write(Channels(0, np.zeros(BASEBAND.shape, np.float32)))
    writer.close()
