"""Malformed model files, by the hundred: each loads or raises the one exception, and none ends the process."""

import io
import json
import shutil
import struct
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolucent.nn import ModelError
from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.model_folder import load_model

from ..networks import a_network

Rng = np.random.Generator
CASES = 50


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(model_folder, tmp_path / "model")


def with_other_bytes(content: bytes, rng: Rng, within: int | None = None) -> bytes:
    damaged = np.frombuffer(content, np.uint8).copy()
    n = rng.integers(1, 8)
    damaged[rng.integers(within or damaged.size, size=n)] = rng.integers(256, size=n)
    return damaged.tobytes()


def cut_off(content: bytes, rng: Rng) -> bytes:
    return content[: rng.integers(len(content))]


def with_a_piece_moved(content: bytes, rng: Rng) -> bytes:
    a, b, c = sorted(int(i) for i in rng.integers(len(content), size=3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def with_another_value(content: bytes, rng: Rng) -> bytes:
    """A JSON document in which one value, at any depth, is of another type or of an absurd size."""
    values = [None, True, -1, 0, 2**63, 10**40, 1e308, "", "x" * 100_000, [], {}, [0] * 1000, "\ud800", {"": 0}]
    document = json.loads(content)
    places = [(document, key) for key in document]
    places += [(document[k], key) for k in document if isinstance(document[k], dict) for key in document[k]]
    place, key = places[rng.integers(len(places))]
    place[key] = values[rng.integers(len(values))]
    return json.dumps(document).encode()


def loads_or_is_refused(folder: Path) -> bool:
    try:
        load_model(folder)
    except ModelError as error:
        assert str(folder) in str(error)  # noqa: PT017  some load, most do not
        return False
    return True


@pytest.mark.parametrize("damaged", [with_other_bytes, cut_off, with_a_piece_moved, with_another_value])
def test_a_damaged_description_loads_or_is_refused(folder, damaged):
    rng, path = np.random.default_rng(1), folder / "model.json"
    whole, loaded = path.read_bytes(), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        loaded += loads_or_is_refused(folder)
    assert loaded < CASES


def with_a_damaged_header(content: bytes, rng: Rng) -> bytes:
    return with_other_bytes(content, rng, within=8 + struct.unpack("<Q", content[:8])[0])


def with_another_entry(content: bytes, rng: Rng) -> bytes:
    """Weights whose header says something else of one tensor, and is well formed."""
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    name = sorted(header)[rng.integers(len(header))]
    dtypes = ["F16", "F64", "I64", "I32", "U8", "BOOL", "BF16", "F8_E5M2", "F4", "nothing"]
    header[name]["dtype"] = dtypes[rng.integers(len(dtypes))]
    if rng.integers(2):
        header[name]["shape"] = [int(n) for n in rng.integers(-1, 2**40, size=rng.integers(5))]
    if rng.integers(2):
        header[name]["data_offsets"] = [int(n) for n in rng.integers(0, 2**40, size=2)]
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content[8 + size :]


@pytest.mark.parametrize("damaged", [cut_off, with_a_piece_moved, with_a_damaged_header, with_another_entry])
def test_damaged_weights_load_or_are_refused(folder, damaged):
    rng, path = np.random.default_rng(2), folder / "weights.safetensors"
    whole, loaded = path.read_bytes(), 0
    for _ in range(CASES):
        path.write_bytes(damaged(whole, rng))
        loaded += loads_or_is_refused(folder)
    assert loaded < CASES


@pytest.mark.parametrize("size", [0, 2**63 - 1, 2**64 - 1])
def test_a_header_of_absurd_size_is_refused(folder, size):
    path = folder / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", size) + path.read_bytes()[8:])
    assert not loads_or_is_refused(folder)


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_file_of_absurd_size_is_refused_unread(folder, name):
    with (folder / name).open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError, match=f"{name} has 1099511627776 bytes"):
        load_model(folder)


def test_a_deep_description_is_refused(folder):
    (folder / "model.json").write_bytes(b'{"schema": ' + b"[" * 100_000)
    assert not loads_or_is_refused(folder)


@pytest.fixture(scope="module")
def network_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "net.ts"
    write_torchscript(a_network(), path)
    return path.read_bytes()


def rezipped(content: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    """The archive with its members changed and every checksum right."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
    return out.getvalue()


def with_a_damaged_pickle(content: bytes, rng: Rng) -> bytes:
    return rezipped(content, lambda name, data: with_other_bytes(data, rng) if name.endswith("/data.pkl") else data)


def with_damaged_code(content: bytes, rng: Rng) -> bytes:
    return rezipped(content, lambda name, data: with_other_bytes(data, rng) if name.endswith(".py") and data else data)


def with_tensors_cut_off(content: bytes, rng: Rng) -> bytes:
    return rezipped(content, lambda name, data: cut_off(data, rng) if "/data/" in name else data)


LOAD_ALL = """
import pathlib, resource, sys
from sonolucent._core import InferenceStage
resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # libtorch believes what a file says of its sizes
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.ts")):
    try:
        InferenceStage(str(path), threads=1)
        print("loaded", path.name)
    except ValueError as error:
        print("refused" if f"{path}: not a network in TorchScript" in str(error) else error, path.name)
"""


def test_damaged_network_files_load_or_are_refused(tmp_path, network_file):
    rng = np.random.default_rng(3)
    ways = [cut_off, with_a_piece_moved, with_a_damaged_pickle, with_damaged_code, with_tensors_cut_off]
    for way in ways:
        for i in range(CASES // 5):
            (tmp_path / f"{way.__name__}{i}.ts").write_bytes(way(network_file, rng))
    command = [sys.executable, "-c", LOAD_ALL, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = Counter(line.split()[0] for line in done.stdout.splitlines())
    assert outcomes["refused"] > len(ways)
    assert outcomes["refused"] + outcomes["loaded"] == len(list(tmp_path.glob("*.ts")))
