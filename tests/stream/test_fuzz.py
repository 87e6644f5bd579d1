"""Bytes that nobody meant: no input to the wire decoder or to a reader of files crashes it, or fills the memory.

Readers of files call compiled libraries that could take the whole process down, so theirs run in a process of their
own, with its memory limited.
"""

import json
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.io import savemat

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream import RecordingError, open_recording
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording.formats.uff_writer import write_uff
from sonolucent.stream.recording.formats.zea_writer import write_zea
from sonolucent.stream.recording.known_formats import FORMATS
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.writer import RecordingWriter
from sonolucent.stream.transport.wire import WireError, decode
from sonolucent.stream.transport.wire_header import MAGIC

PREFIX = MAGIC + b"\x01\x00"
VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "wire-vectors.json").read_text())
LENGTHS = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff", b"\xc6\x7f\xff\xff\xff", b"\xc9"]
ENOUGH_BYTES = 4 << 20
PROBE = Probe.linear(n_elements=4, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
ACQUISITION, GRID = Acquisition(PROBE, range(4), 40, 25e6), ImageGrid(-0.6e-3, 1e-3, 0.1e-3, 0.05e-3, 10, 8)
STREAM = Stream(ACQUISITION, GRID, 25.0)

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=8)
    | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    sorted({name for vector in VECTORS for name in vector.get("message", {})} | {"acquisition", "probe"})
)


def decodes(header: bytes, payload: bytes) -> bool:
    """Whether a message is one; it is refused with a `WireError` or this fails, as it does when memory fills."""
    tracemalloc.start()
    try:
        decode([header, payload])
    except WireError:
        return False
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < ENOUGH_BYTES + len(payload)
    return True


@given(st.sampled_from(["stream", "channels", "image", "end"]), st.dictionaries(names, values), st.binary(max_size=64))
def test_headers_of_any_values_are_refused_or_decode(kind: str, fields: dict[str, Any], payload: bytes) -> None:
    decodes(PREFIX + msgspec.msgpack.encode({**fields, "kind": kind}), payload)


@given(st.sampled_from(VECTORS), st.data())
def test_spliced_messages_are_refused_or_decode(vector: dict[str, Any], data: st.DataObject) -> None:
    header, payload = bytes.fromhex(vector["header"]), bytes.fromhex(vector["payload"])
    begin = data.draw(st.integers(0, len(header)))
    end = data.draw(st.integers(begin, len(header)))
    insert = data.draw(st.binary(max_size=8) | st.sampled_from(LENGTHS))
    decodes(header[:begin] + insert + header[end:], payload)


@example(1, 1 << 27, 1, [0], {})
@example(1 << 27, 1, 1, [0], {})
@example(1, 1 << 27, 1, [0], {"n_shots": 1})
@example(1 << 27, 1, 1, [0], {"n_shots": 1 << 27})
@given(
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.lists(st.integers(0, 70), max_size=3),
    st.fixed_dictionaries({}, optional={"n_shots": st.integers(-1, 2**64 - 1)}),
)
def test_no_claimed_size_is_believed(
    n_elements: int, n_samples: int, n_pixels: int, elements: list[int], sequence: dict[str, int]
) -> None:
    probe = {"n_elements": n_elements, "pitch_m": 1e-4, "element_width_m": 1e-4, "center_frequency_hz": 5e6}
    acquisition = {"probe": probe, "tx_elements": elements, "n_samples": n_samples, **sequence}
    grid = {"x0_m": 0.0, "z0_m": 0.0, "dx_m": 1e-4, "dz_m": 1e-4, "n_z": n_pixels, "n_x": n_pixels}
    for chosen in (None, grid):
        fields = {"kind": "stream", "session": 1, "acquisition": acquisition, "grid": chosen}
        for payload in (b"", np.ones((2, 1, 1)).tobytes()):
            decodes(PREFIX + msgspec.msgpack.encode(fields), payload)


@given(st.binary(min_size=96, max_size=96))
@example(bytes.fromhex("010000000000f17f") * 12)  # NaN of the kind that signals as soon as it is added to
def test_tables_of_any_bytes_are_refused_or_decode(payload: bytes) -> None:
    vector = next(vector for vector in VECTORS if vector["name"] == "stream-sequence")
    decodes(bytes.fromhex(vector["header"]), payload)


@pytest.mark.parametrize("nested", [b"\x91" * 60_000, b"\x81\xa1x" * 15_000])
def test_deep_nesting_is_refused(nested: bytes) -> None:
    assert not decodes(PREFIX + b"\x83\xa4kind\xa3end\xa6frames\x01\xa1x" + nested + b"\x01", b"")


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Small recordings, the first as zea has it too, and a small BRAIN capture."""
    folder = tmp_path_factory.mktemp("originals")
    recording = write_recording(folder / "a.h5")
    write_zea(folder / "a.hdf5", Recording(recording))
    write_uff(folder / "a.uff", Recording(recording))
    frames = np.ones((3, 4, 4, 40), np.int16)
    np.save(folder / "a.npy", frames)
    np.savez_compressed(folder / "a.npz", frames=frames)
    (folder / "a.toml").write_text(TOML)
    made = {suffix: folder / f"a{suffix}" for suffix in (".hdf5", ".uff", ".npy", ".npz")}
    plane_waves = TransmitSequence.plane_waves(PROBE, [-0.1, 0.1], 1540.0)
    baseband = replace(ACQUISITION, demodulation_frequency_hz=5e6, sequence=plane_waves)
    return {
        ".h5": recording,
        "baseband plane waves": write_recording(folder / "b.h5", Stream(baseband, GRID, 25.0, "<c8")),
        **made,
        ".mat": write_capture(folder / "a.mat"),
        "must": write_must(folder / "m.mat"),
    }


def write_recording(path: Path, stream: Stream = STREAM) -> Path:
    writer = RecordingWriter(path, stream, channels=True, images=True)
    for i in range(3):
        writer.write(Channels(i, np.full(stream.acquisition.shape, i, stream.dtype), 0, Trail.begin()))
        writer.write(Image(i, np.zeros((2, *GRID.shape), np.float32), 60.0, "m", "cpu", "", Trail.begin()))
    writer.close({"a>b": EdgeCounts(3, 3, {})})
    return path


TOML = """
pitch_m = 0.3e-3
center_frequency_hz = 5e6
sampling_frequency_hz = 25e6
initial_time_s = 0
sound_speed_m_s = 1540
"""


def write_must(path: Path) -> Path:
    param = {"fc": 5e6, "fs": 25e6, "pitch": 0.3e-3, "c": 1540.0, "TXdelay": np.zeros((2, 4))}
    savemat(path, {"RF": np.ones((40, 4, 2)), "param": param}, do_compression=True)
    return path


def write_capture(path: Path) -> Path:
    x = np.arange(4) * 1e-3 - 1.5e-3
    tx, rx = np.triu_indices(4)
    array = {"el_xc": x, "el_zc": 0 * x, "el_x1": x + 0.4e-3, "el_x2": x, "centre_freq": 5e6}
    fields = {"time_data": np.ones((6, len(tx))), "tx": tx + 1, "rx": rx + 1, "time": np.arange(6) / 25e6}
    savemat(path, {"exp_data": {**fields, "array": array, "ph_velocity": 6300.0}})
    return path


READ_DAMAGED = """
import random, resource, sys
from pathlib import Path
from sonolucent.stream import RecordingError, open_recording

resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
original, folder, rounds = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
whole, chance, refused = original.read_bytes(), random.Random(1), 0
damaged = folder / original.name
if original.with_suffix(".toml").exists():
    damaged.with_suffix(".toml").write_bytes(original.with_suffix(".toml").read_bytes())
for _ in range(rounds):
    content = bytearray(whole)
    match chance.randrange(4):
        case 0:
            del content[chance.randrange(len(content)) :]
        case 1:
            for _ in range(chance.randrange(1, 8)):
                content[chance.randrange(len(content))] = chance.randrange(256)
        case 2:
            position = chance.randrange(len(content))
            content[position : position + 8] = bytes([255]) * 4
        case 3:
            to, begin = chance.randrange(len(content)), chance.randrange(len(content))
            content[to : to + 64] = content[begin : begin + 64]
    damaged.write_bytes(content)
    try:
        recording = open_recording(damaged)
        for i in range(min(len(recording), 3)):
            recording[i]
        if original.suffix == ".h5":
            for i in range(min(recording.n_images, 3)):
                recording.image(i)
            recording.frame_ids
            recording.close()
    except RecordingError:
        refused += 1
print(refused)
"""


@pytest.mark.parametrize("kind", [".h5", "baseband plane waves", ".hdf5", ".uff", ".mat", "must", ".npy", ".npz"])
def test_damaged_files_are_refused_or_read(originals: dict[str, Path], tmp_path: Path, kind: str) -> None:
    command = [sys.executable, "-c", READ_DAMAGED, str(originals[kind]), str(tmp_path), "200"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr
    assert 10 < int(ended.stdout) < 200


def test_a_damaged_recording_that_seems_unfinished_is_refused(originals: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(originals[".h5"].read_bytes())
    content[11] = 5  # as while it is written, and against the checksum
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(content)
    with pytest.raises(RecordingError, match="checksum"):
        open_recording(damaged)


def test_files_damaged_where_their_structure_is_are_refused_or_read_by_the_command() -> None:
    """A sample of the campaign, for every format: no crash, no hang, no memory beyond a bound, no traceback."""
    campaign = Path(__file__).parents[1] / "campaigns" / "files.py"
    command = [sys.executable, str(campaign), "--files", "8", "--info-only"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("| 8 |") >= len(FORMATS.names()) - 1  # all but other MATLAB files


def paths_in(file: Path) -> list[str]:
    paths: list[str] = []
    with h5py.File(file) as recording:
        recording.visit(paths.append)
    return paths


REPLACEMENTS: dict[str, Any] = {
    "nothing": None,
    "text": {"data": "noise"},
    "no rows": {"shape": (0,), "dtype": "f8"},
    "a number": {"data": 7},
    "not a number": {"data": float("nan")},
    "a claim beyond all memory": {"shape": (1 << 40, 4, 40), "dtype": "<i2", "chunks": (1, 4, 40)},
    "one chunk beyond all memory": {
        "shape": (3, 4, 4, 40),
        "dtype": "<i2",
        "chunks": (1 << 20, 4, 4, 40),
        "maxshape": (None, 4, 4, 40),
    },
}


@pytest.mark.parametrize("what", REPLACEMENTS)
def test_whatever_stands_in_its_place_a_dataset_is_refused_or_read(
    originals: dict[str, Path], tmp_path: Path, what: str
) -> None:
    changed = tmp_path / "changed.h5"
    kinds = (".h5", "baseband plane waves", ".hdf5", ".uff")
    for original, path in [(originals[kind], path) for kind in kinds for path in paths_in(originals[kind])]:
        changed.write_bytes(original.read_bytes())
        with h5py.File(changed, "r+") as file:
            del file[path]
            if REPLACEMENTS[what] is not None:
                file.create_dataset(path, **REPLACEMENTS[what])
        assert read_all(changed) in (True, False)


def read_all(path: Path) -> bool:
    """Whether a recording can be read; it is refused with a `RecordingError` or this fails."""
    try:
        recording = open_recording(path)
        for i in range(min(len(recording), 3)):
            assert recording[i].shape == recording.acquisition.shape
        if isinstance(recording, Recording):
            for i in range(min(recording.n_images, 3)):
                recording.image(i)
            assert recording.frame_ids.ndim == 1
            recording.close()
    except RecordingError:
        return False
    return True


def test_the_originals_are_read(originals: dict[str, Path]) -> None:
    assert read_all(originals[".h5"])
    assert read_all(originals["baseband plane waves"])
    for suffix in (".hdf5", ".uff", ".npy", ".npz", "must"):
        assert read_all(originals[suffix])
    assert open_recording(originals[".mat"])[0].shape == (4, 4, 6)
