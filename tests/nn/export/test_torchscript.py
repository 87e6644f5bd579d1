import io
import zipfile

import pytest
import torch

from sonolucent.nn.export.torchscript import torchscript_file, write_torchscript
from sonolucent.nn.model_folder import load_model

from ..conftest import a_network


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
