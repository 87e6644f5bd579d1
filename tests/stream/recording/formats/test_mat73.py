"""MATLAB 7.3 files: cells, arrays of structs and complex numbers are what MATLAB 5 files give."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sonolucent.stream import RecordingError
from sonolucent.stream.recording.formats import mat73


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """As MATLAB writes them: what cells and arrays of structs hold lies under #refs#."""
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        references = file.create_group("#refs#")
        for i in range(4):
            references[f"r{i}"] = np.full((2, 3), i, "i2")
        array = file.create_group("TX")
        array.attrs["MATLAB_class"] = np.bytes_("struct")
        for field, first in (("Delay", 0), ("Apod", 2)):
            rows = [[references[f"r{first + i}"].ref] for i in range(2)]
            array.create_dataset(field, data=rows, dtype=h5py.ref_dtype)
        cell = file.create_dataset("RcvData", data=[[references["r3"].ref]], dtype=h5py.ref_dtype)
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        numbers = np.zeros((2, 2), [("real", "<f8"), ("imag", "<f8")])
        numbers["imag"] = [[1, 2], [3, 4]]
        file["IQ"] = numbers
    with (tmp_path / "a.mat").open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")
    return tmp_path / "a.mat"


def test_references_are_followed(path: Path) -> None:
    held: dict[str, Any] = dict(mat73.variables(path))
    assert sorted(held) == sorted(mat73.names(path)) == ["IQ", "RcvData", "TX"]
    assert [int(shot.Delay[0, 0]) for shot in held["TX"]] == [0, 1]
    assert [shot.Apod.shape for shot in held["TX"]] == [(3, 2), (3, 2)]
    assert [part.tolist() for part in held["RcvData"]] == [[[3, 3]] * 3]
    np.testing.assert_array_equal(held["IQ"], [[1j, 3j], [2j, 4j]])


def test_only_what_is_wanted_is_read(path: Path) -> None:
    assert [name for name, _ in mat73.variables(path, ("TX",))] == ["TX"]


def test_cells_within_cells_without_end_are_refused(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        endless = file.create_dataset("endless", (1, 1), h5py.ref_dtype)
        endless[0, 0] = endless.ref
        endless.attrs["MATLAB_class"] = np.bytes_("cell")
    with pytest.raises(RecordingError, match="nested more than 16 deep"):
        dict(mat73.variables(path, ("endless",)))
