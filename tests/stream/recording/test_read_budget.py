"""A small file takes little memory and little time, whatever it tells of arrays that it does not hold."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from sonolucent.stream import open_recording
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording import hdf5_values, read_budget
from tests.campaigns.file_seeds import SEEDS

PICMUS, TRACK, UFF = "US/US_DATASET0000", "tracks/track_0", "channel_data"
SEEN_BYTES = 600 << 20
"""A quarter of a GiB by the budget, what is not counted, and what a refusal comes too late for."""

OPEN = """
import resource, sys
from sonolucent.stream import open_recording
from sonolucent.stream.errors import RecordingError

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10

open_recording(sys.argv[1])[0]
before = peak()
try:
    open_recording(sys.argv[2])[0]
except RecordingError as refusal:
    print(refusal)
print(peak() - before)
"""


def unwritten(file: h5py.File, name: str, shape: tuple[int, ...], dtype: str = "<f8") -> h5py.Dataset:
    """A dataset of which the file holds no value."""
    file.pop(name, None)
    return file.create_dataset(name, shape, dtype, chunks=(*(1 for _ in shape[1:]), shape[-1])[: len(shape)])


def replace(file: h5py.File, name: str, value: Any) -> None:
    file.pop(name, None)
    file[name] = value


def many_cells(file: h5py.File) -> None:
    one = unwritten(file, "#refs#/one", (1 << 20,)).ref
    cells = file.create_dataset("exp_data/cells", (200, 1), h5py.ref_dtype)
    cells[:, 0] = [one] * 200
    cells.attrs["MATLAB_class"] = np.bytes_("cell")


def many_waveforms(file: h5py.File) -> None:
    unwritten(file, f"{TRACK}/scan/waveforms_two_way/0", (1 << 21,))
    waveforms = file[f"{TRACK}/scan/waveforms_two_way"]
    for i in range(1, 200):
        waveforms[f"{i}"] = waveforms["0"]


def many_shots_of_one_waveform(file: h5py.File) -> None:
    file[f"{TRACK}/scan/waveforms_two_way/0"] = np.ones(1000)
    unwritten(file, f"{TRACK}/scan/tx_waveform_indices", (1 << 21,), "u1")


def many_angles(file: h5py.File) -> None:
    unwritten(file, f"{PICMUS}/angles", (1 << 20,))
    unwritten(file, f"{PICMUS}/data/real", (1 << 20, 128, 1), "<f4")
    x_m = np.arange(128) * 3e-4
    replace(file, f"{PICMUS}/probe_geometry", np.stack([x_m, 0 * x_m, 0 * x_m]))


def many_waves(file: h5py.File) -> None:
    file.pop(f"{UFF}/probe/geometry")
    replace(file, f"{UFF}/probe/N", 60000.0)
    for i in range(1, 5):
        replace(file, f"{UFF}/sequence/sequence_{i:04d}/wavefront", 0.0)
    for i in range(5, 1001):
        file[f"{UFF}/sequence/sequence_{i:04d}"] = file[f"{UFF}/sequence/sequence_0001"]
    unwritten(file, f"{UFF}/data", (1, 1000, 60000, 1), "<f4")


def many_events(file: h5py.File) -> None:
    replace(file, f"{UFF}/probes/00000001/number_elements", 60000)
    for i in range(5, 1001):
        file[f"{UFF}/sequence/{i:08d}"] = file[f"{UFF}/sequence/00000001"]
    unwritten(file, f"{UFF}/data", (1, 1000, 60000, 1), "<f4")


def wide_frames(file: h5py.File) -> None:
    unwritten(file, f"{PICMUS}/data/real", (3, 4, 1 << 24), "<f4")


HOSTILE: dict[str, tuple[str, Callable[[h5py.File], None]]] = {
    "many cells of one array": ("brain 7.3", many_cells),
    "many waveforms of one array": ("zea", many_waveforms),
    "many shots of one waveform": ("zea", many_shots_of_one_waveform),
    "many plane waves": ("picmus", many_angles),
    "many waves by one name": ("uff", many_waves),
    "many events by one name": ("uff-consortium", many_events),
    "a frame that was never written": ("picmus", wide_frames),
}


def hostile(folder: Path, what: str) -> tuple[Path, Path]:
    """A whole file, and the hostile one made of it."""
    name, change = HOSTILE[what]
    suffix, write = SEEDS[name]
    whole, changed = folder / f"whole{suffix}", folder / f"hostile{suffix}"
    write(whole)
    changed.write_bytes(whole.read_bytes())
    with h5py.File(changed, "r+") as file:
        change(file)
    return whole, changed


@pytest.mark.parametrize("what", HOSTILE)
def test_a_small_file_takes_little_memory(tmp_path: Path, what: str) -> None:
    files = hostile(tmp_path, what)
    command = [sys.executable, "-c", OPEN, *map(str, files)]
    said, taken = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "hostile" in said, "the file is named"
    assert "Unable to allocate" not in said, "another machine might"
    assert int(taken) < SEEN_BYTES


@pytest.mark.timeout(60)
def test_many_waves_of_the_other_uff_are_followed_once_each(tmp_path: Path) -> None:
    path = tmp_path / "a.uff"
    SEEDS["uff-consortium"][1](path)
    with h5py.File(path, "r+") as file:
        for kind in ("sequence", "unique_waves", "unique_events"):
            for i in range(5, 2001):
                file[f"{UFF}/{kind}/{i:08d}"] = file[f"{UFF}/{kind}/00000001"]
        unwritten(file, f"{UFF}/data", (1, 2000, 4, 40), "<f4")
    assert open_recording(path).acquisition.n_tx == 2000


@pytest.mark.parametrize("name", ["sonolucent", "zea", "npz"])
def test_frames_are_given_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Each is charged alone; and a recording that is removed meanwhile is played on."""
    monkeypatch.setattr(read_budget, "ANY_BYTES", 1 << 18)
    suffix, write = SEEDS[name]
    write(path := tmp_path / f"a{suffix}")
    recording = open_recording(path)
    path.unlink()
    assert {recording[i % 2].shape for i in range(200)} == {(4, 4, 40)}


def test_numbers_of_no_file_cost_nothing(tmp_path: Path) -> None:
    read_budget.charge(1 << 40, "what a user writes")
    with read_budget.bounded(tmp_path):
        with read_budget.bounded(tmp_path):
            read_budget.charge(1 << 27, "a part")
        with pytest.raises(ValueError, match="with the rest, what is read"):
            read_budget.charge(3 << 26, "the rest")
    read_budget.charge(1 << 40, "what a user writes afterwards")


def texts(n: int) -> Any:
    """One of a megabyte, and short ones: in a hostile file all might be that one."""
    return np.array(["long" * (1 << 18), *["short"] * (n - 1)], dtype=object)


def test_texts_count_as_what_they_may_all_be(tmp_path: Path) -> None:
    """h5py copies a text for each that leads to it: 1 MB of file took 8 GB."""
    path = tmp_path / "a.mfmc"
    with h5py.File(path, "w") as file:
        file.create_dataset("few", data=texts(3), dtype=h5py.string_dtype())
        file.create_dataset("many", data=texts(1000), dtype=h5py.string_dtype())
        file.attrs.create("TYPE", texts(1000), dtype=h5py.string_dtype())
        file["few"].attrs["nothing"] = h5py.Empty("f8")
    with h5py.File(path) as file, read_budget.bounded(path):
        assert isinstance(hdf5_values.attribute(file["few"], "nothing"), h5py.Empty)
        assert len(hdf5_values.read(file["few"])) == 3
        with pytest.raises(ValueError, match="with /many, what is read of the file would take more than"):
            hdf5_values.read(file["many"])
    with pytest.raises(RecordingError, match="with TYPE of /, what is read of the file would take more than"):
        open_recording(path)
