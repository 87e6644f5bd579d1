"""A folder with a network of Speckle2Self: an enhancement like any other, but none that a live stream waits for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent.nn import (
    Enhancer,
    ModelError,
    ModelInfo,
    Provenance,
    Session,
    check_model,
    export_torchscript,
    load_model,
    save_model,
)
from sonolucent.nn.speckle2self_net import Speckle2SelfNet, despeckled
from sonolucent.nn.speckle_grain import SpeckleGrain


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained, of images with a grain of 2 x 2 pixels."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("models") / "despeckler"
    info = ModelInfo(
        name="despeckler",
        kind="speckle2self",
        training=Provenance("nothing", "speckle2self", 0, 0),
        speckle_grain_px=SpeckleGrain(2.0, 2.0),
    )
    save_model(path, Speckle2SelfNet(), info)
    return path


def _image() -> np.ndarray:
    return np.random.default_rng(0).uniform(-60, 0, (40, 50)).astype(np.float32)


def test_an_enhancer_runs_it(folder: Path) -> None:
    enhance = Enhancer(folder, grain="off")
    expected = despeckled(load_model(folder).network, _image())
    np.testing.assert_allclose(enhance(_image()), expected, atol=2e-2)
    pair = enhance(np.stack([_image(), _image()[::-1]]))
    np.testing.assert_allclose(pair[0], expected, atol=2e-2)
    assert (enhance.cost, enhance.scale, enhance.backend) == ("offline", 1, "torch")
    assert enhance.model.startswith("despeckler@")
    assert isinstance(enhance.torch_module(), Speckle2SelfNet)


def test_images_are_matched_to_its_grain(folder: Path) -> None:
    enhance = Enhancer(folder, grain="4x2")
    assert enhance(_image()).shape == _image().shape
    assert "resampled to the 2.00 x 2.00 trained on" in enhance.grain


def test_undefined_pixels_count_as_the_floor(folder: Path) -> None:
    image, floor = _image(), _image()
    image[3, 4], floor[3, 4] = np.nan, -60
    enhance = Enhancer(folder, grain="off")
    np.testing.assert_array_equal(enhance(image), enhance(floor))


def test_a_live_stream_is_told_of_its_student(folder: Path) -> None:
    with pytest.raises(ModelError, match=rf"sonolucent distill {folder} --data FILES --out MODEL` teaches"):
        Session(folder, (40, 50))
    session = Session("none", (40, 50))
    with pytest.raises(ModelError, match="no live stream can wait for it"):
        session.swap(folder).result(timeout=20)


def test_files_wait_for_it(folder: Path) -> None:
    session = Session(folder, (40, 50), live=False, grain="off")
    out = np.empty_like(_image())
    assert session(_image(), out).model.startswith("despeckler@")
    np.testing.assert_array_equal(out, Enhancer(folder, grain="off")(_image()))


def test_what_needs_a_u_net_says_so(folder: Path) -> None:
    for use in (export_torchscript, lambda path: check_model(path, (40, 50))):
        with pytest.raises(ModelError, match="is a network of speckle2self; that can be done with U-Nets"):
            use(folder)
    with pytest.raises(ValueError, match="'torchscript' runs U-Nets"):
        Enhancer(folder, backend="torchscript")


def test_the_kind_of_a_folder_is_held_to(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    with pytest.raises(ModelError, match="info names kind 'speckle2self', but the network is a LightUNet"):
        save_model(tmp_path, Enhancer("light-quadrant").torch_module(), model.info)
