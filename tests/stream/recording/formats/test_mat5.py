"""MATLAB 5 files are read as SciPy reads them, and nothing damaged is believed."""

import contextlib
import io
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from sonolucent.stream.recording import read_budget
from sonolucent.stream.recording.formats.mat5 import names, variables

CONTENT: dict[str, Any] = {
    "matrix": np.arange(12.0).reshape(3, 4),
    "cube": np.arange(24, dtype=np.int16).reshape(2, 3, 4),
    "single": np.float32([1.5, -2.5]),
    "small": np.uint8(7),
    "large": np.array([2**60, -1], np.int64),
    "empty": np.zeros((0, 3)),
    "complex": np.array([[1 + 2j, 3j], [4, -5j]]),
    "text": "aperture",
    "nested": {"a": 1.0, "b": {"c": np.arange(3), "name": "inner"}},
    "cells": np.array([np.arange(2.0), "x"], dtype=object),
}


def file_of(content: dict[str, Any], *, compressed: bool = False) -> bytes:
    file = io.BytesIO()
    savemat(file, content, do_compression=compressed)
    return file.getvalue()


def read(data: bytes) -> dict[str, Any]:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        with read_budget.bounded(Path(file.name)):
            return dict(variables(memoryview(data)))


def same(ours: Any, scipys: Any) -> bool:
    if isinstance(ours, SimpleNamespace):
        return all(same(value, getattr(scipys, name)) for name, value in vars(ours).items())
    if isinstance(ours, list):
        return len(ours) == len(scipys) and all(map(same, ours, scipys))
    return np.array_equal(ours, scipys) or np.size(ours) == np.size(scipys) == 0


@pytest.mark.parametrize("compressed", [False, True])
def test_variables_are_what_scipy_reads(compressed: bool) -> None:
    data = file_of(CONTENT, compressed=compressed)
    ours, scipys = read(data), loadmat(io.BytesIO(data), squeeze_me=True, struct_as_record=False)
    assert set(ours) == set(CONTENT)
    for name, value in ours.items():
        assert same(value, scipys[name]), name


@pytest.mark.parametrize("compressed", [False, True])
def test_names_alone_are_those_of_the_variables(compressed: bool) -> None:
    data = file_of(CONTENT, compressed=compressed)
    assert names(memoryview(data)) == list(CONTENT)
    assert names(memoryview(data[: len(data) // 2])) == list(CONTENT)[: len(names(memoryview(data[: len(data) // 2])))]


def test_arrays_of_structs_are_lists() -> None:
    structs = np.array([(1.0,), (2.0,)], dtype=[("depth", "O")])
    assert [float(s.depth) for s in read(file_of({"s": structs}))["s"]] == [1.0, 2.0]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_anywhere_is_refused(compressed: bool) -> None:
    data = file_of({"nested": CONTENT["nested"], "matrix": CONTENT["matrix"]}, compressed=compressed)
    for size in range(len(data)):
        with contextlib.suppress(ValueError):
            assert set(read(data[:size])) < {"nested", "matrix"}


def test_what_it_does_not_read_is_said() -> None:
    with pytest.raises(ValueError, match="no MATLAB 5 header"):
        read(b"something else")
    deep: Any = 1.0
    for _ in range(20):
        deep = {"deeper": deep}
    with pytest.raises(ValueError, match="nested more than"):
        read(file_of({"deep": deep}))


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """What any file may take is less than elsewhere."""
    monkeypatch.setattr(read_budget, "ANY_BYTES", 1 << 24)


@pytest.mark.usefixtures("little")
def test_a_small_file_cannot_claim_a_large_variable() -> None:
    fits = file_of({"zeros": np.zeros(1 << 20)}, compressed=True)
    assert len(fits) < 1 << 14
    assert len(read(fits)["zeros"]) == 1 << 20
    with pytest.raises(ValueError, match=r"unpacks to more than \d{8} bytes; save it without compression"):
        read(file_of({"zeros": np.zeros(1 << 22)}, compressed=True))


@pytest.mark.usefixtures("little")
def test_many_variables_together_cannot_claim_more_than_one() -> None:
    with pytest.raises(ValueError, match="unpacks to more than"):
        read(file_of({f"zeros{i}": np.zeros(1 << 20) for i in range(4)}, compressed=True))


def test_what_is_packed_as_data_are_is_read_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_budget, "ANY_BYTES", 1 << 16)
    noise = np.random.default_rng(1).integers(0, 16, 1 << 20, np.uint8)
    assert np.array_equal(read(file_of({"noise": noise}, compressed=True))["noise"], noise)


def test_a_long_text_takes_no_longer_than_an_array() -> None:
    text = "x" * (1 << 23)
    assert read(file_of({"text": text}, compressed=True))["text"] == text


@pytest.mark.usefixtures("little")
def test_small_complex_numbers_are_charged_as_they_are_read() -> None:
    """Of 8 bits in the file, of 128 in memory."""
    few = np.zeros(1 << 18, np.complex64)
    few.imag[1::2] = 1
    assert len(read(file_of({"IQ": few}, compressed=True))["IQ"]) == 1 << 18
    with pytest.raises(
        ValueError, match="with complex numbers, what is read of the file would take more than 16777216"
    ):
        read(file_of({"IQ": np.tile(few, 4)}, compressed=True))
