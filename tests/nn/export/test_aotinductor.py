"""Packages of AOTInductor: they compute what the network does, for the images they were made for, and nothing else."""

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage
from sonolucent.nn import Enhancer
from sonolucent.nn.export.aotinductor import write_package
from sonolucent.nn.export.derived_files import export_package, package_path
from sonolucent.nn.inference.parity import check_model
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.unet import NETWORKS
from sonolucent.nn.unet_layout import LAYOUTS

from ..networks import TINY, TinyUNet, a_tiny_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("package"),  # compiled once, not once a worker
    pytest.mark.skipif(shutil.which("g++") is None, reason="AOTInductor needs a C++ compiler"),
    pytest.mark.filterwarnings("ignore"),  # of torch's own exporter and compiler
]
SHAPE = (21, 18)
RANGE_DB = 60.0


@pytest.fixture(scope="module", autouse=True)
def _tiny_networks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(NETWORKS, "full", TinyUNet)
        patch.setitem(LAYOUTS, "full", TINY)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = a_tiny_folder(tmp_path_factory.mktemp("package") / "model")
    export_package(folder, SHAPE)
    assert {path.name for path in folder.iterdir()} == {"model.json", "weights.safetensors", "network-21x18.pt2"}
    return folder


@pytest.fixture(scope="module")
def package(folder: Path) -> Path:
    return package_path(folder, SHAPE)


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-RANGE_DB, 0, SHAPE).astype(np.float32)


def test_the_enhancer_runs_it_where_it_is_asked_for(folder, image):
    packaged = Enhancer(folder, shape=SHAPE, threads=1, backend="aotinductor")
    assert packaged.backend == "aotinductor"
    np.testing.assert_allclose(packaged(image), Enhancer(folder, threads=1)(image), atol=60e-4)


def test_it_is_checked_against_eager(folder):
    passed = {check.backend for check in check_model(folder, SHAPE) if check.passed}
    assert {"fused-portable", "torchscript", "aotinductor"} <= passed


@pytest.mark.parametrize("threads", [1, 2])
def test_a_package_computes_what_the_network_does(folder, package, image, threads):
    stage, out = InferenceStage(str(package), threads=threads), np.empty_like(image)
    assert (stage.backend, stage.device) == ("aotinductor", "cpu")
    assert "AOTInductor compiled" in stage.reason
    image[3, 4] = np.nan
    stage.run(image, out)
    with torch.inference_mode():
        grey = load_model(folder).network(
            torch.from_numpy(np.nan_to_num(image, nan=-RANGE_DB) / RANGE_DB + 1)[None, None]
        )[0, 0]
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
        write_package(TinyUNet(), tmp_path / "network.so", SHAPE)


def test_two_that_compile_at_once_share_no_files(tmp_path, monkeypatch):
    caches = []

    def compile_nothing(*_, **__):
        caches.append(Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]))
        assert caches[-1].is_dir()
        raise RuntimeError("enough")

    monkeypatch.setattr(torch._inductor, "aoti_compile_and_package", compile_nothing)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="enough"):
            write_package(TinyUNet(), tmp_path / "network.pt2", SHAPE)
    assert caches[0] != caches[1]
    assert list(tmp_path.iterdir()) == []
