"""Frames of recordings, beamformed for training as the settings say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, ImagingSettings, Probe
from sonolucent.stream import write_recording
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.offline.training_archive import describe, list_frames
from sonolucent.stream.offline.training_data import TrainingData, load

Record = Callable[..., Path]


def beamformed(file: Path, imaging: ImagingSettings) -> TrainingData:
    archive = list_frames([str(file)], imaging)
    return load(archive, archive.frames, imaging=imaging)


def test_a_given_speed_of_sound_serves_where_the_recording_has_none(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.random.default_rng(0).integers(-99, 99, (2, 8, 8, 600), dtype=np.int16))
    said = "pitch_m = 0.3e-3\nelement_width_m = 0.25e-3\ncenter_frequency_hz = 5e6\n"
    (tmp_path / "a.toml").write_text(f"{said}sampling_frequency_hz = 25e6\ninitial_time_s = 0.0\n")
    with pytest.raises(RecordingError, match="sound_speed_m_s is missing"):
        beamformed(tmp_path / "a.npy", ImagingSettings())
    data = beamformed(tmp_path / "a.npy", ImagingSettings(sound_speed_m_s=1500.0))
    assert len(data.frames) == 2


def test_random_tissue_and_anatomies_are_mixed() -> None:
    archive = list_frames(["sim:1", "anatomy:2"], ImagingSettings())
    data = load(archive, archive.frames, imaging=ImagingSettings())
    assert [frame.subject for frame in data.frames] == ["random_tissue 0", "anatomy 0", "anatomy 1"]
    assert describe(["sim:1", "anatomy:2"], archive.frames) == (
        "1 random_tissue phantoms of sonolucent.sim, seeds 0..0, SNR 20 dB; "
        "2 anatomy phantoms of sonolucent.sim, seeds 0..1, SNR 12..30 dB"
    )


def test_frames_of_a_still_probe_and_clipped_ones_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    probe = Probe.linear(n_elements=16, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
    acquisition = Acquisition(probe, range(16), 600, 25e6)
    noise = [np.random.default_rng(i).integers(-2000, 2000, acquisition.shape, dtype=np.int16) for i in range(3)]
    clipped = np.clip(noise[2], -1000, 1000)
    write_recording(tmp_path / "still.h5", [noise[0], noise[0], noise[0], noise[1], clipped], acquisition)
    data = beamformed(tmp_path / "still.h5", ImagingSettings())
    assert len(data.frames) == 5
    odd, still = data.warnings
    assert "still.h5: odd frames, 1 of 5: saturated" in odd
    assert "still.h5: 2 of 5 frames show the same tissue as others" in still
    assert "move the probe" in still
    assert [record.getMessage() for record in caplog.records] == list(data.warnings)


def test_varied_frames_are_not_remarked_upon(record: Record) -> None:
    assert beamformed(record(), ImagingSettings()).warnings == ()
