"""Files that name other files of their reader's, or unpack to far more than they say, are refused."""

import io
import os
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import Probe
from sonolucent.stream import RecordingError, open_recording, write_recording
from sonolucent.stream.offline.clips import trails_of
from sonolucent.stream.recording import hdf5, layout

RAW = "tracks/track_0/data/raw_data"
SHAPE = (2, 4, 4, 40)
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION = Acquisition(PROBE, range(4), 40, 25e6)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Somebody else's data, and the numbers alone."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["raw"], file["group/raw"] = np.full(SHAPE, 7, "<i2"), 1540.0
    (tmp_path / "secret.bin").write_bytes(np.full(SHAPE, 7, "<i2").tobytes())
    return path


def hostile(folder: Path, change: Callable[[h5py.File], None]) -> Path:
    path = folder / "hostile.h5"
    write_recording(path, np.ones(SHAPE, "<i2"), ACQUISITION)
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def put(file: h5py.File, link: object) -> None:
    del file[RAW]
    file[RAW] = link


def put_virtual(file: h5py.File, secret: Path) -> None:
    layout = h5py.VirtualLayout(SHAPE, "<i2")
    layout[:] = h5py.VirtualSource(secret, "raw", SHAPE)
    del file[RAW]
    file.create_virtual_dataset(RAW, layout)


def put_external(file: h5py.File, secret: Path) -> None:
    del file[RAW]
    file.create_dataset(RAW, SHAPE, "<i2", external=[(str(secret.with_suffix(".bin")), 0, h5py.h5f.UNLIMITED)])


def put_link_in_a_chain(file: h5py.File, secret: Path) -> None:
    file["elsewhere"] = h5py.ExternalLink(secret, "/")
    put(file, h5py.SoftLink("/elsewhere/raw"))


CHANGES: dict[str, tuple[Callable[[h5py.File, Path], None], str]] = {
    "external link": (lambda f, secret: put(f, h5py.ExternalLink(secret, "/raw")), "is a link to another file"),
    "soft link to an external one": (put_link_in_a_chain, "is a link to another file"),
    "external link of a group": (
        lambda f, secret: f.__setitem__("more/of", h5py.ExternalLink(secret, "/group")),
        "/more/of is a link to another file",
    ),
    "virtual dataset": (put_virtual, "lie in another file"),
    "external storage": (put_external, "lie in another file"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_no_other_file_is_read(tmp_path: Path, secret: Path, what: str) -> None:
    change, said = CHANGES[what]
    path = hostile(tmp_path, lambda file: change(file, secret))
    with pytest.raises(RecordingError, match=said):
        open_recording(path)[0]


def test_soft_links_within_the_file_are_followed(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        file.move(RAW, "elsewhere")
        file[RAW] = h5py.SoftLink("/elsewhere")

    assert open_recording(hostile(tmp_path, change))[1].max() == 1


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="too many links"):
        open_recording(hostile(tmp_path, lambda file: put(file, h5py.SoftLink(f"/{RAW}"))))


def test_groups_that_lead_to_themselves_are_seen_once(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        file["tracks/again"] = file["tracks"]

    assert len(open_recording(hostile(tmp_path, change))) == 2


def test_groups_nested_without_end_are_refused_before_hdf5_crashes(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        group = file
        for _ in range(5000):
            group = group.create_group("g")

    with pytest.raises(RecordingError, match="nested 64 deep"):
        open_recording(hostile(tmp_path, change))


READ = """
import resource, sys
from sonolucent.stream import open_recording
from sonolucent.stream.errors import RecordingError
try:
    open_recording(sys.argv[1])[int(sys.argv[2])]
except RecordingError as refusal:
    print(refusal)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.parametrize("filters", [{"compression": "gzip"}, {"compression": "gzip", "fletcher32": True}])
def test_a_chunk_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, filters: dict[str, object]) -> None:
    def bomb(file: h5py.File) -> None:
        del file[RAW]
        rows = file.create_dataset(RAW, SHAPE, "<i2", chunks=(1, *SHAPE[1:]), **filters)
        rows[0] = 1
        machine = zlib.compressobj(1)
        packed = b"".join(machine.compress(bytes(1 << 24)) for _ in range(64)) + machine.flush()
        rows.id.write_direct_chunk((1, 0, 0, 0), packed)

    path = hostile(tmp_path, bomb)
    command = [sys.executable, "-c", READ, str(path)]
    whole = subprocess.run([*command, "0"], capture_output=True, text=True, check=True)
    bombed = subprocess.run([*command, "1"], capture_output=True, text=True, check=True)
    said, peak = bombed.stdout.splitlines()
    assert "is packed to" in said or "unpacks to more" in said
    assert int(peak) < int(whole.stdout) + (100 << 20)


def test_a_small_bomb_is_told_by_what_it_unpacks_to(tmp_path: Path) -> None:
    def bomb(file: h5py.File) -> None:
        del file[RAW]
        rows = file.create_dataset(RAW, SHAPE, "<i2", chunks=(1, *SHAPE[1:]), compression="gzip", shuffle=True)
        rows.id.write_direct_chunk((0, 0, 0, 0), zlib.compress(bytes(1 << 20)))

    with pytest.raises(RecordingError, match="a chunk of 1280 bytes unpacks to more"):
        open_recording(hostile(tmp_path, bomb))[0]


def test_packed_files_are_read(tmp_path: Path) -> None:
    def pack(file: h5py.File) -> None:
        values = np.random.default_rng(1).integers(-9, 9, SHAPE, "<i2")
        del file[RAW]
        file.create_dataset(RAW, data=values, chunks=(1, 4, 2, 25), compression="gzip", shuffle=True, fletcher32=True)
        file["copy"] = values

    path = hostile(tmp_path, pack)
    recording = open_recording(path)
    with h5py.File(path) as file:
        for i in range(2):
            np.testing.assert_array_equal(recording[i], file["copy"][i])


def test_a_huge_dataset_in_a_group_s_place_is_not_searched_for_names(tmp_path: Path) -> None:
    """h5py goes through all rows of a dataset to say whether one is in it."""

    def change(file: h5py.File) -> None:
        del file["scan"]
        file.create_dataset("scan", (1 << 20, 1 << 20), "<f8", chunks=(1, 1 << 10))

    with pytest.raises(RecordingError, match="/scan is a dataset where a group is due"):
        open_recording(hostile(tmp_path, change))


def test_a_frame_beyond_any_memory_is_refused_where_there_is_none_to_compare_it_with(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        del file[RAW], file["scan/n_ax"]
        file["scan/n_ax"] = 2.0**63

    with pytest.raises(RecordingError, match=r"frames of \(4, 4, 9223372036854775808\) are beyond"):
        open_recording(hostile(tmp_path, change))


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    header = io.BytesIO()
    shape = (17 << 12, 4, 4, 128)
    np.lib.format.write_array_header_1_0(header, {"descr": "<i2", "fortran_order": False, "shape": shape})
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("frames.npy", "w") as member,
    ):
        member.write(header.getvalue())
        for _ in range(17):
            member.write(bytes(1 << 24))
    toml = "pitch_m = 3e-4\ncenter_frequency_hz = 5e6\nsampling_frequency_hz = 25e6\ninitial_time_s = 0\n"
    path.with_suffix(".toml").write_text(toml + "sound_speed_m_s = 1540\n")
    with pytest.raises(
        RecordingError, match=r"with \d{9} bytes that it claims to unpack to, .* would take more than 268435456"
    ):
        open_recording(path)


def test_a_table_of_chunks_for_another_shape_is_refused_before_hdf5_crashes(tmp_path: Path) -> None:
    def change(file: h5py.File) -> None:
        del file[RAW]
        file.create_dataset(RAW, SHAPE, "<i2", chunks=(1, 4, 4, 40), maxshape=(2, 1 << 20, 4, 40))

    with pytest.raises(RecordingError, match="only frames may become more"):
        open_recording(hostile(tmp_path, change))


@pytest.mark.timeout(20)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(RecordingError, match=r"pipe\.h5: a pipe, socket or device; copy what it holds"):
        open_recording(tmp_path / "pipe.h5")


def test_a_table_of_frames_of_two_dimensions_is_refused(tmp_path: Path) -> None:
    def turn(file: h5py.File) -> None:
        rows = file[layout.RAW_INDEX][...]
        del file[layout.RAW_INDEX]
        file[layout.RAW_INDEX] = rows[None]

    with pytest.raises(RecordingError, match="no table of frames"):
        trails_of(open_recording(hostile(tmp_path, turn)))


def test_a_new_recording_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "new.h5").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="exists"):
        hdf5.create(tmp_path / "new.h5")
    assert (tmp_path / "precious").read_text() == "mine"
