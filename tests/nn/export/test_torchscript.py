import io
import os
import subprocess
import sys
import zipfile

import pytest
import torch

from sonolucent.nn.export.torchscript import torchscript_file, write_torchscript
from sonolucent.nn.model_folder import load_model

from ..networks import a_network


def test_the_file_computes_what_the_network_does(tmp_path):
    network = a_network()
    write_torchscript(network, tmp_path / "net.ts")
    image = torch.rand(1, 1, 61, 40)
    with torch.inference_mode():
        torch.testing.assert_close(torch.jit.load(tmp_path / "net.ts")(image), network(image))


def test_the_file_is_derived_once(model_folder, tmp_path):
    model = load_model(model_folder)
    path = torchscript_file(model, tmp_path)
    first = path.stat().st_mtime_ns
    assert torchscript_file(model, tmp_path) == path
    assert path.stat().st_mtime_ns == first
    assert list(tmp_path.iterdir()) == [path]
    assert model.weights_sha256[:16] in path.name
    assert torch.__version__ in path.name


def cut_off(whole):
    return whole[:1000]


def with_a_wrong_byte(whole):
    """In the longest record; between records bytes mean nothing."""
    longest = max(zipfile.ZipFile(io.BytesIO(whole)).infolist(), key=lambda record: record.compress_size)
    place = longest.header_offset + 1000 + longest.compress_size // 2
    return whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]


@pytest.mark.parametrize("damage", [cut_off, with_a_wrong_byte])
def test_a_damaged_file_is_derived_anew_and_the_log_says_so(model_folder, tmp_path, caplog, damage):
    model = load_model(model_folder)
    path = torchscript_file(model, tmp_path)
    path.write_bytes(damage(path.read_bytes()))
    image = torch.rand(1, 1, 61, 40)
    with torch.inference_mode():
        derived = torch.jit.load(torchscript_file(model, tmp_path))
        torch.testing.assert_close(derived(image), model.network(image))
    assert f"{path} was damaged" in caplog.text


IN_A_CACHE_THAT_IS_FULL = """
import resource, sys
from pathlib import Path
from sonolucent.beamform.compute.cache_folder import cache_folder, temporary_folder
from sonolucent.nn.export import torchscript
from sonolucent.nn.model_folder import load_model

folder = cache_folder("models")
write = torchscript.write_torchscript

def write_where_there_is_room(network, path):
    limit = 1000 if path.parent == folder else resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    write(network, path)

torchscript.write_torchscript = write_where_there_is_room
path = torchscript.torchscript_file(load_model(Path(sys.argv[1])))
print(path.parent == temporary_folder() and path.stat().st_size > 1000, list(folder.iterdir()))
"""


def test_where_the_cache_is_full_the_file_is_derived_for_this_process(model_folder, tmp_path):
    """To a file on a full disk libtorch would not write, but end the program."""
    command = [sys.executable, "-c", IN_A_CACHE_THAT_IS_FULL, str(model_folder)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.stdout == "True []\n", ended.stderr
    assert "it is derived anew at every start" in ended.stderr
