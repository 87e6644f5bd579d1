"""A wire at 20 mm stays within 0.02 mm through every writer and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sonolucent.beamform import Acquisition, TransmitSequence, to_baseband
from sonolucent.stream import RecordingError, convert_recording, open_recording, write_recording

from .wire_scene import (
    C_M_S,
    FC_HZ,
    FS_HZ,
    N_SAMPLES,
    ONE_START_S,
    PROBE,
    SEQUENCES,
    SINGLE,
    WITHIN_M,
    acquisition_of,
    depth_error_m,
    recorded,
)


@pytest.mark.parametrize("start", ONE_START_S)
@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".uff"])
def test_written_and_read_again(tmp_path: Path, suffix: str, start: str) -> None:
    frame = recorded(*SINGLE, ONE_START_S[start])
    write_recording(tmp_path / f"w{suffix}", frame[np.newaxis], acquisition_of(None, ONE_START_S[start]))
    recording = open_recording(tmp_path / f"w{suffix}")
    assert recording.acquisition.initial_time_s == pytest.approx(ONE_START_S[start], abs=1e-11)
    assert abs(depth_error_m(recording)) < WITHIN_M


@pytest.mark.parametrize(
    ("suffix", "name"),
    [*((suffix, name) for suffix in (".h5", ".hdf5") for name in SEQUENCES), (".uff", "plane"), (".uff", "diverging")],
)
@pytest.mark.parametrize("start_s", [-2e-6, 20e-6, 1.23456e-6])
def test_sequences_written_and_read_again(tmp_path: Path, suffix: str, name: str, start_s: float) -> None:
    frame = recorded(*SEQUENCES[name], start_s)
    acquisition = acquisition_of(SEQUENCES[name], start_s)
    write_recording(tmp_path / f"w{suffix}", frame[np.newaxis], acquisition)
    recording = open_recording(tmp_path / f"w{suffix}")
    assert recording.acquisition.sequence is not None
    np.testing.assert_array_equal(recording.acquisition.sequence.apodization, SEQUENCES[name][1])
    np.testing.assert_array_equal(recording[0], frame)
    shift_s = recording.acquisition.initial_time_s - start_s
    np.testing.assert_allclose(recording.acquisition.sequence.delays_s - shift_s, SEQUENCES[name][0], atol=2e-11)
    assert abs(depth_error_m(recording)) < WITHIN_M


def test_what_uff_cannot_describe_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    acquisition = acquisition_of(SEQUENCES["hadamard-like"], 0.0)
    with pytest.raises(RecordingError, match=r"plane and spherical waves .* shot 1 is neither; write \.h5 or \.hdf5"):
        write_recording(tmp_path / "w.uff", np.zeros((1, 2, 16, N_SAMPLES), np.float32), acquisition)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".h5", ".hdf5", ".uff"])
@pytest.mark.parametrize("name", ["single", "plane"])
def test_baseband_written_and_read_again(tmp_path: Path, suffix: str, name: str) -> None:
    sequence = None if name == "single" else SEQUENCES[name]
    rf = recorded(*(sequence or SINGLE), 1.23456e-6)
    # The decimation that `to_baseband` knows takes full matrices; it looks at each trace alone.
    full = Acquisition(PROBE, range(len(rf)), N_SAMPLES, FS_HZ, 1.23456e-6, C_M_S)
    frame, demodulated = to_baseband(rf, full, 2)
    fires = None if sequence is None else TransmitSequence(*sequence)
    acquisition = Acquisition(
        PROBE, range(16), 600, FS_HZ / 2, 1.23456e-6, C_M_S, demodulated.demodulation_frequency_hz, sequence=fires
    )
    write_recording(tmp_path / f"w{suffix}", frame[np.newaxis], acquisition)
    recording = open_recording(tmp_path / f"w{suffix}")
    assert recording.acquisition.demodulation_frequency_hz == FC_HZ
    assert recording[0].dtype == np.complex64
    assert abs(depth_error_m(recording)) < WITHIN_M
    convert_recording(recording, tmp_path / f"again{suffix}")
    np.testing.assert_allclose(open_recording(tmp_path / f"again{suffix}")[0], recording[0], atol=1e-5)
