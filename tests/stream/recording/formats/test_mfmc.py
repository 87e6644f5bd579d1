"""MFMC files: half matrices of one probe come back whole; anything else is refused."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.stream import RecordingError, open_recording

N, N_SAMPLES = 4, 50
FULL = np.random.default_rng(0).integers(-99, 99, (2, N, N, N_SAMPLES)).astype("<i2")
FULL = FULL + FULL.transpose(0, 2, 1, 3)
TX, RX = np.triu_indices(N)


@pytest.fixture
def half_matrix(tmp_path: Path) -> Path:
    """Two frames of tx <= rx, as the specification's version 2.0.0 has it."""
    path = tmp_path / "half.mfmc"
    with h5py.File(path, "w") as file:
        file.attrs.update({"TYPE": "MFMC", "VERSION": "2.0.0"})
        probe = file.create_group("PROBE1")
        probe.attrs.update({"TYPE": "PROBE", "CENTRE_FREQUENCY": 5e6, "BANDWIDTH": 3e6})
        probe["ELEMENT_POSITION"] = [((i - 1.5) * 0.6e-3, 0.0, 0.0) for i in range(N)]
        probe["ELEMENT_MINOR"] = [(0.25e-3, 0.0, 0.0)] * N
        probe["ELEMENT_MAJOR"] = [(0.0, 5e-3, 0.0)] * N
        sequence = file.create_group("SEQUENCE1")
        sequence.attrs.update({"TYPE": "SEQUENCE", "TIME_STEP": 4e-8, "START_TIME": 5e-6})
        sequence.attrs["SPECIMEN_VELOCITY"] = [3100.0, 6300.0]
        laws = [sequence.create_group(f"LAW{i + 1}") for i in range(N)]
        for i, law in enumerate(laws):
            law.attrs["TYPE"] = "LAW"
            law["ELEMENT"] = [i + 1]
            law.create_dataset("PROBE", data=[probe.ref], dtype=h5py.ref_dtype)
        for name, elements in (("TRANSMIT_LAW", TX), ("RECEIVE_LAW", RX)):
            sequence.create_dataset(name, data=[laws[e].ref for e in elements], dtype=h5py.ref_dtype)
        sequence.create_dataset("PROBE_LIST", data=[probe.ref], dtype=h5py.ref_dtype)
        sequence["MFMC_DATA"] = FULL[:, TX, RX]
    return path


def test_a_half_matrix_comes_back_whole(half_matrix: Path) -> None:
    recording = open_recording(half_matrix)
    acquisition = recording.acquisition
    assert (recording.format, len(recording), acquisition.shape) == ("MFMC", 2, (N, N, N_SAMPLES))
    assert all(np.array_equal(*pair) for pair in zip(recording, FULL, strict=True))
    assert (acquisition.initial_time_s, acquisition.sound_speed_m_s) == (5e-6, 6300.0)
    assert acquisition.sampling_frequency_hz == pytest.approx(25e6)
    probe = acquisition.probe
    assert (probe.pitch_m, probe.element_width_m) == pytest.approx((0.6e-3, 0.5e-3))
    assert (probe.center_frequency_hz, probe.fractional_bandwidth) == pytest.approx((5e6, 0.6))


def another_version(file: h5py.File) -> None:
    file.attrs["VERSION"] = "1.2"


def no_centre(file: h5py.File) -> None:
    file["PROBE1"].attrs["CENTRE_FREQUENCY"] = 0.0


def a_law_of_two_elements(file: h5py.File) -> None:
    del file["SEQUENCE1/LAW2/ELEMENT"]
    file["SEQUENCE1/LAW2/ELEMENT"] = [1, 2]


def a_law_with_a_delay(file: h5py.File) -> None:
    file["SEQUENCE1/LAW2/DELAY"] = [1e-6]


def a_bent_array(file: h5py.File) -> None:
    file["PROBE1/ELEMENT_POSITION"][1, 2] = 1e-3


def traces_that_are_missing(file: h5py.File) -> None:
    del file["SEQUENCE1/MFMC_DATA"]
    file["SEQUENCE1/MFMC_DATA"] = FULL[:, TX, RX][:, :5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (another_version, "version 1.2; 2.0 can be read"),
        (no_centre, "CENTRE_FREQUENCY"),
        (a_law_of_two_elements, "LAW2 is not one element without delay"),
        (a_law_with_a_delay, "LAW2 is not one element without delay"),
        (a_bent_array, "not in a straight line"),
        (traces_that_are_missing, "with 10 transmit laws"),
    ],
)
def test_what_is_no_full_matrix_is_refused(
    half_matrix: Path, change: Callable[[h5py.File], None], message: str
) -> None:
    with h5py.File(half_matrix, "r+") as file:
        change(file)
    with pytest.raises(RecordingError, match=message):
        open_recording(half_matrix)


def test_whatever_is_missing_the_file_is_refused_or_read(half_matrix: Path, tmp_path: Path) -> None:
    paths: list[str] = []
    with h5py.File(half_matrix) as file:
        file.visit(paths.append)
    refused = 0
    for path in paths:
        (tmp_path / "damaged").write_bytes(half_matrix.read_bytes())
        with h5py.File(tmp_path / "damaged", "r+") as file:
            del file[path]
        try:
            assert len(list(open_recording(tmp_path / "damaged"))) == 2
        except RecordingError:
            refused += 1
    assert refused > 10
