"""Packages of AOTInductor: they compute what the network does, for the images they were made for, and nothing else."""

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage
from sonolucent.nn.package import write_package
from sonolucent.nn.unet import UNet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("g++") is None, reason="AOTInductor needs a C++ compiler"),
    pytest.mark.filterwarnings("ignore"),  # of torch's own exporter and compiler
]
SHAPE = (21, 18)
RANGE_DB = 60.0


def a_network() -> UNet:
    torch.manual_seed(0)
    network = UNet(2, separable=True, bias=True, depth=1).eval()
    torch.nn.init.normal_(network.head.weight, std=0.2)
    return network


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "network.pt2"
    write_package(a_network(), path, SHAPE)
    assert list(path.parent.iterdir()) == [path]
    return path


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-RANGE_DB, 0, SHAPE).astype(np.float32)


def test_a_package_computes_what_the_network_does(package, image):
    stage, out = InferenceStage(str(package), threads=1), np.empty_like(image)
    assert (stage.backend, stage.device) == ("aotinductor", "cpu")
    assert "AOTInductor compiled" in stage.reason
    image[3, 4] = np.nan
    stage.run(image, out)
    with torch.inference_mode():
        grey = a_network()(torch.from_numpy(np.nan_to_num(image, nan=-RANGE_DB) / RANGE_DB + 1)[None, None])[0, 0]
    np.testing.assert_allclose(out / RANGE_DB + 1, grey.clamp(0, 1), atol=1e-4)


def test_images_of_another_shape_are_refused(package):
    stage, other = InferenceStage(str(package)), np.zeros((18, 21), np.float32)
    with pytest.raises(RuntimeError, match="compiled for images of 21 x 18, not of 18 x 21"):
        stage.run(other, np.empty_like(other))


def test_a_package_runs_by_its_own_backend_alone(package):
    assert InferenceStage(str(package), backend="aotinductor").backend == "aotinductor"
    with pytest.raises(ValueError, match="no backend 'torchscript' for it"):
        InferenceStage(str(package), backend="torchscript")


def without_its_shape(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"image_shape", b"other_shape"))
    return out.getvalue()


@pytest.mark.parametrize("spoiled", [lambda _: b"no archive", lambda whole: whole[:5000], without_its_shape])
def test_a_broken_or_foreign_package_is_refused(package, tmp_path, spoiled):
    path = tmp_path / "broken.pt2"
    path.write_bytes(spoiled(package.read_bytes()))
    with pytest.raises(ValueError, match=r"broken\.pt2: not a package of AOTInductor for this use"):
        InferenceStage(str(path))


def test_a_package_of_another_suffix_is_not_written(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.pt2"):
        write_package(a_network(), tmp_path / "network.so", SHAPE)
