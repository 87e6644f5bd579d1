import json
import os
import pathlib
import shutil

import pytest
import safetensors.torch
import torch

from sonolucent.nn.model_folder import ModelError, load_model, save_model
from sonolucent.nn.unet import FullUNet

from .networks import a_network, an_info

ZEROS = ("n_elements", "pitch_m", "wavelength_m", "fractional_bandwidth", "dx_m", "dz_m")


@pytest.fixture
def broken(model_folder, tmp_path):
    """A copy to break."""
    return shutil.copytree(model_folder, tmp_path / "broken")


def test_what_was_saved_is_loaded(model_folder):
    model = load_model(model_folder)
    assert model.info == an_info()
    assert model.id == f"random@{model.weights_sha256[:8]}"
    for name, tensor in a_network().state_dict().items():
        torch.testing.assert_close(model.network.state_dict()[name], tensor, rtol=0, atol=0)


def test_the_id_follows_the_weights(model_folder, tmp_path):
    network = a_network()
    torch.nn.init.zeros_(network.head.weight)
    save_model(tmp_path / "other", network, an_info())
    assert load_model(tmp_path / "other").id != load_model(model_folder).id


def test_a_network_of_another_kind_is_not_saved(tmp_path):
    with pytest.raises(ModelError, match="FullUNet"):
        save_model(tmp_path / "wrong", FullUNet(), an_info())
    assert not (tmp_path / "wrong").exists()


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_missing_file_is_named(broken, name):
    (broken / name).unlink()
    with pytest.raises(ModelError, match=f"broken: cannot read {name}"):
        load_model(broken)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("name", ["model.json", "weights.safetensors"])
def test_a_pipe_is_no_part_of_a_model(broken, name):
    (broken / name).unlink()
    os.mkfifo(broken / name)
    with pytest.raises(ModelError, match=f"broken: {name} is no file"):
        load_model(broken)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a model description"),
        ("[]", "not a model description"),
        ('{"schema": 2}', "schema 2, this program reads 1"),
        ('{"schema": 1, "name": "x", "kind": "huge"}', "huge"),
    ],
)
def test_a_wrong_description_is_refused(broken, text, message):
    (broken / "model.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        load_model(broken)


def test_truncated_weights_are_refused(broken):
    weights = broken / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="broken"):
        load_model(broken)


def test_weights_of_another_kind_are_refused(broken):
    safetensors.torch.save_file(FullUNet().state_dict(), broken / "weights.safetensors")
    with pytest.raises(ModelError, match="weights of a light network"):
        load_model(broken)


class Deed:
    """When unpickled, leaves a file."""

    def __init__(self, left):
        self._left = left

    def __reduce__(self):
        return pathlib.Path.touch, (self._left,)


def test_weights_run_no_code(broken, tmp_path):
    left = tmp_path / "left"
    torch.save({"weights": Deed(left)}, broken / "weights.safetensors")
    with pytest.raises(ModelError, match="weights"):
        load_model(broken)
    assert not left.exists()


@pytest.mark.parametrize(
    ("fact", "value"),
    [("speckle_grain_px", {"rows": 0, "columns": 2.0}), ("trained_on", dict.fromkeys(ZEROS, 0))],
)
def test_a_grain_or_probe_that_cannot_be_is_refused(broken, fact, value):
    description = json.loads((broken / "model.json").read_text())
    (broken / "model.json").write_text(json.dumps(description | {fact: value}))
    with pytest.raises(ModelError, match=fact):
        load_model(broken)
