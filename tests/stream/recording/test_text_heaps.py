"""Files that HDF5 itself would read for ever are refused."""

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.stream import RecordingError, open_recording
from sonolucent.stream.recording.text_heaps import require_heaps_that_end

HEAP = b"GCOL"
FIRST_PIECE = 16


def written(path: Path, n_texts: int = 3, **options: str) -> Path:
    with h5py.File(path, "w", **options) as file:
        for i in range(n_texts):
            file.attrs[f"text{i}"] = "x" * (7 * i + 1)
        file["data"] = np.arange(5000)
    return path


def free_piece(data: bytes) -> int:
    """Where the free piece of the first heap begins: it has no number."""
    at = data.index(HEAP) + FIRST_PIECE
    while (piece := struct.unpack_from("<H6xQ", data, at))[0]:
        at += 16 + -(-piece[1] // 8) * 8
    return at


def put(path: Path, at: int, size: int) -> None:
    with path.open("r+b") as file:
        file.seek(at + 8)
        file.write(struct.pack("<Q", size))


@pytest.mark.parametrize("options", [{}, {"libver": "latest"}], ids=["oldest", "latest"])
@pytest.mark.parametrize("n_texts", [0, 1, 3, 400], ids="{} texts".format)
def test_what_hdf5_writes_passes(tmp_path: Path, n_texts: int, options: dict[str, str]) -> None:
    require_heaps_that_end(written(tmp_path / "good.h5", n_texts, **options))


def test_texts_that_were_removed_pass(tmp_path: Path) -> None:
    path = written(tmp_path / "good.h5", 60)
    with h5py.File(path, "r+") as file:
        for i in range(0, 60, 2):
            del file.attrs[f"text{i}"]
    require_heaps_that_end(path)


def test_a_free_piece_without_size_is_refused_before_hdf5_stands_still(tmp_path: Path) -> None:
    path = written(tmp_path / "endless.h5")
    at = free_piece(path.read_bytes())
    put(path, at, 0)
    with pytest.raises(RecordingError, match=rf"endless.h5: .*heap of texts at byte {path.read_bytes().index(HEAP)} "):
        open_recording(path)


def test_so_is_one_behind_another(tmp_path: Path) -> None:
    path = written(tmp_path / "endless.h5")
    put(path, free_piece(path.read_bytes()), 16)
    with pytest.raises(ValueError, match="cannot be so large"):
        require_heaps_that_end(path)


def test_so_is_one_at_the_end_of_a_long_file(tmp_path: Path) -> None:
    path = written(tmp_path / "endless.h5")
    data = bytearray(path.read_bytes())
    struct.pack_into("<Q", data, free_piece(data) + 8, 0)
    with (tmp_path / "long.h5").open("wb") as file:
        file.seek(1 << 27)
        file.write(data)
    with pytest.raises(ValueError, match="cannot be so large"):
        require_heaps_that_end(tmp_path / "long.h5")


@pytest.mark.parametrize("cut", range(1, 80, 13))
def test_a_heap_that_is_cut_off_is_left_to_hdf5(tmp_path: Path, cut: int) -> None:
    path = written(tmp_path / "cut.h5")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(HEAP) + cut])
    require_heaps_that_end(path)


def test_so_is_one_in_a_heap_whose_head_is_odd(tmp_path: Path) -> None:
    """HDF5 does not look at the bytes that are reserved."""
    path = written(tmp_path / "endless.h5")
    put(path, free_piece(path.read_bytes()), 0)
    data = bytearray(path.read_bytes())
    at = data.index(HEAP)
    data[at + 5 : at + 8] = b"\xff\xff\xff"
    path.write_bytes(data)
    with pytest.raises(ValueError, match="cannot be so large"):
        require_heaps_that_end(path)


@pytest.mark.parametrize("size", [2**64 - 1, 2**32 + 4, 1 << 20])
def test_a_piece_beyond_its_heap_is_refused_before_hdf5_counts_past_the_largest_number(
    tmp_path: Path, size: int
) -> None:
    path = written(tmp_path / "endless.h5")
    put(path, path.read_bytes().index(HEAP) + FIRST_PIECE, size)
    with pytest.raises(RecordingError, match="cannot be so large"):
        open_recording(path)
