"""BRAIN captures: geometry, time zero, reciprocity, and clear errors."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from sonolucent.stream import RecordingError, open_recording

X_M = (np.arange(4) - 1.5) * 1e-3
ARRAY = {"el_xc": X_M, "el_zc": 0 * X_M, "el_x1": X_M + 0.4e-3, "el_x2": X_M, "centre_freq": 5e6}


def experiment(n: int = 4, n_samples: int = 6, **changes: Any) -> dict[str, Any]:
    x = (np.arange(n) - (n - 1) / 2) * 1e-3
    rng = np.random.default_rng(0)
    tx, rx = np.triu_indices(n)
    array = {"el_xc": x, "el_zc": 0 * x, "el_x1": x + 0.4e-3, "el_x2": x, "centre_freq": 5e6}
    fields = {
        "time_data": rng.integers(-128, 128, (n_samples, len(tx))) / 128,
        "tx": (tx + 1).astype(np.uint8),
        "rx": (rx + 1).astype(np.uint8),
        "time": 5e-6 + np.arange(n_samples) / 25e6,
        "array": array,
        "ph_velocity": 6300.0,
    }
    return {k: v for k, v in {**fields, **changes}.items() if v is not None}


def saved(path: Path, exp_data: dict[str, Any]) -> Path:
    savemat(path, {"exp_data": exp_data})
    return path


def saved_as_73(path: Path, variables: dict[str, Any]) -> Path:
    """As MATLAB 7.3 would: HDF5 behind a header, arrays at least of two axes, and those exchanged."""

    def put(group: h5py.Group, name: str, value: Any) -> None:
        if isinstance(value, dict):
            struct = group.create_group(name)
            struct.attrs["MATLAB_class"] = np.bytes_("struct")
            for field, inner in value.items():
                put(struct, field, inner)
        else:
            codes = np.array([list(map(ord, value))], "u2") if isinstance(value, str) else np.atleast_2d(value)
            dataset = group.create_dataset(name, data=codes.T)
            dataset.attrs["MATLAB_class"] = np.bytes_("char" if isinstance(value, str) else "double")

    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_group("#refs#")
        for name, value in variables.items():
            put(file, name, value)
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return path


def test_half_matrix_is_completed_by_reciprocity(tmp_path: Path) -> None:
    exp_data = experiment()
    recording = open_recording(saved(tmp_path / "a.mat", exp_data))
    frame = recording[0]
    assert frame.shape == recording.acquisition.shape == (4, 4, 6)
    assert np.array_equal(frame, frame.transpose(1, 0, 2))
    k = np.flatnonzero((exp_data["tx"] == 2) & (exp_data["rx"] == 4))[0]
    assert np.array_equal(frame[3, 1], exp_data["time_data"][:, k].astype(np.float32))


def test_geometry_is_read(tmp_path: Path) -> None:
    acquisition = open_recording(saved(tmp_path / "a.mat", experiment())).acquisition
    assert acquisition.probe.pitch_m == pytest.approx(1e-3)
    assert acquisition.probe.element_width_m == pytest.approx(0.8e-3)
    assert acquisition.initial_time_s == pytest.approx(5e-6)
    assert acquisition.sampling_frequency_hz == pytest.approx(25e6)
    assert acquisition.sound_speed_m_s == 6300


def test_a_full_matrix_is_taken_as_it_is(tmp_path: Path) -> None:
    tx, rx = (i.ravel() for i in np.indices((4, 4)))
    data = np.random.default_rng(1).random((6, 16))
    recording = open_recording(saved(tmp_path / "a.mat", experiment(tx=tx + 1, rx=rx + 1, time_data=data)))
    assert np.array_equal(recording[0], data.T.reshape(4, 4, 6).astype(np.float32))


def test_transmits_that_are_whole_are_kept(tmp_path: Path) -> None:
    tx, rx = (i.ravel() for i in np.indices((2, 4)))
    data = np.random.default_rng(1).random((6, 8))
    recording = open_recording(saved(tmp_path / "a.mat", experiment(tx=tx + 1, rx=rx + 1, time_data=data)))
    assert recording.acquisition.tx_elements == (0, 1)
    assert recording[0].shape == (2, 4, 6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ph_velocity": None}, "speed of sound"),
        ({"time": None}, "time"),
        ({"time_data": np.zeros((5, 10))}, "exp_data"),
        ({"tx": np.array([1]), "rx": np.array([1]), "time_data": np.zeros((6, 1))}, "one whole transmit"),
        ({"array": {"el_xc": np.array([0.0, 1e-3, 5e-3, 6e-3])}}, "exp_data.array.el_zc is missing"),
        ({"array": {**ARRAY, "el_xc": np.array([0.0, 1e-3, 5e-3, 6e-3])}}, "el_xc are not at one pitch"),
        ({"array": {**ARRAY, "el_zc": np.array([0.0, 1e-3, 0.0, 0.0])}}, "not in a straight line"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = saved(tmp_path / "bad.mat", experiment(**changes))
    with pytest.raises(RecordingError, match=message):
        open_recording(path)


def test_a_mat_file_without_exp_data_is_refused(tmp_path: Path) -> None:
    savemat(tmp_path / "other.mat", {"weights": 1})
    with pytest.raises(RecordingError, match=r"no exp_data.*holds weights"):
        open_recording(tmp_path / "other.mat")


def test_a_truncated_mat_file_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path / "a.mat", experiment()).read_bytes()
    for size in range(8, len(whole) - 8, 97):
        (tmp_path / "cut.mat").write_bytes(whole[:size])
        with pytest.raises(RecordingError):
            open_recording(tmp_path / "cut.mat")


def test_the_real_captures_open(real_data: Path) -> None:
    wide = open_recording(real_data / "fmc" / "aluminium_64x0.63mm_5MHz_hmc.mat")
    assert wide.acquisition.shape == (64, 64, 300)
    assert wide.acquisition.probe.element_width_m == pytest.approx(0.53e-3)
    assert wide.acquisition.sound_speed_m_s == 6300
    narrow = open_recording(real_data / "fmc" / "aluminium_notch_64x0.30mm_5MHz_hmc.mat")
    assert narrow.acquisition.probe.pitch_m == pytest.approx(0.3e-3)
    assert narrow.acquisition.initial_time_s == 0


def test_matlab_7_3_holds_the_same(tmp_path: Path) -> None:
    exp_data = experiment(n=5, comment="a block")
    old = open_recording(saved(tmp_path / "a.mat", exp_data))
    new = open_recording(saved_as_73(tmp_path / "b.mat", {"exp_data": exp_data}))
    assert new.acquisition == old.acquisition
    assert np.array_equal(new[0], old[0])
    assert new[0].dtype == old[0].dtype


def test_a_7_3_file_of_something_else_says_what_it_holds(tmp_path: Path) -> None:
    saved_as_73(tmp_path / "other.mat", {"weights": np.ones(3), "note": "hello"})
    with pytest.raises(RecordingError, match=r"no exp_data.*holds note, weights"):
        open_recording(tmp_path / "other.mat")


def test_a_truncated_7_3_file_is_refused(tmp_path: Path) -> None:
    whole = saved_as_73(tmp_path / "a.mat", {"exp_data": experiment()}).read_bytes()
    for size in range(8, len(whole) - 8, 397):
        (tmp_path / "cut.mat").write_bytes(whole[:size])
        with pytest.raises(RecordingError):
            open_recording(tmp_path / "cut.mat")


def test_flipped_bytes_of_a_7_3_file_are_an_error_or_a_recording(tmp_path: Path) -> None:
    whole = bytearray(saved_as_73(tmp_path / "a.mat", {"exp_data": experiment()}).read_bytes())
    rng = np.random.default_rng(3)
    for position in rng.integers(512, len(whole), 400):
        flipped = whole.copy()
        flipped[position] ^= int(rng.integers(1, 256))
        (tmp_path / "flipped.mat").write_bytes(flipped)
        with suppress(RecordingError):
            assert open_recording(tmp_path / "flipped.mat")[0].ndim == 3


def test_the_real_capture_in_both_formats_is_one(real_data: Path) -> None:
    old, new = (
        open_recording(real_data / "fmc" / f"aluminium_64x0.63mm_5MHz_hmc.{kind}") for kind in ("mat", "v73.mat")
    )
    assert new.acquisition == old.acquisition
    assert np.array_equal(new[0], old[0])
