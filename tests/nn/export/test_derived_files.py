"""Packages in model folders: run where they fit and were made, refused with a reason everywhere else."""

import shutil

import msgspec
import pytest
import torch

from sonolucent.nn import Enhancer
from sonolucent.nn.export import derived_files
from sonolucent.nn.export.derived_files import export_package, export_torchscript, package_path, usable_package
from sonolucent.nn.inference.parity import check_model
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.unet import NETWORKS
from sonolucent.nn.unet_layout import LAYOUTS

from ..networks import TINY, TinyUNet, a_tiny_folder

SHAPE = (21, 18)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def exported(tmp_path, cache, monkeypatch):
    """A model folder with a package that is none, but was made here."""
    monkeypatch.setitem(NETWORKS, "full", TinyUNet)
    monkeypatch.setitem(LAYOUTS, "full", TINY)
    monkeypatch.setattr(derived_files, "write_package", lambda network, path, shape: path.write_bytes(b"compiled"))
    folder = a_tiny_folder(tmp_path / "model")
    export_package(folder, SHAPE)
    return folder


def usable(folder, shape=SHAPE):
    return usable_package(folder, load_model(folder), shape)


def test_a_package_that_fits_may_be_used(exported):
    package, why = usable(exported)
    assert package == package_path(exported, SHAPE)
    assert "this network, these images and this machine" in why


def test_none_is_found_for_images_of_another_size(exported):
    package, why = usable(exported, (18, 21))
    assert package is None
    assert "no package for images of 18 x 21" in why


def foreign(folder, cache):
    package_path(folder, SHAPE).write_bytes(b"a program from elsewhere")


def of_another_machine(folder, cache):
    shutil.rmtree(cache)


def with_a_broken_note(folder, cache):
    for note in cache.glob("sonolucent/packages/*.json"):
        note.write_bytes(b"{}")


def stale(folder, cache):
    a_tiny_folder(folder, seed=1)


def renamed(folder, cache):
    package_path(folder, SHAPE).rename(package_path(folder, (40, 40)))
    shutil.copy(package_path(folder, (40, 40)), package_path(folder, SHAPE))
    rewrite_note(cache, shape=(40, 40))


def of_another_torch(folder, cache):
    rewrite_note(cache, torch="1.0")


def of_another_processor(folder, cache):
    rewrite_note(cache, instructions="AVX1024")


def rewrite_note(cache, **changes):
    (path,) = cache.glob("sonolucent/packages/*.json")
    note = msgspec.json.decode(path.read_bytes(), type=derived_files.PackageNote)
    path.write_bytes(msgspec.json.encode(msgspec.structs.replace(note, **changes)))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (foreign, "was not made on this machine"),
        (of_another_machine, "was not made on this machine"),
        (with_a_broken_note, "was not made on this machine"),
        (stale, "is of other weights"),
        (renamed, "is for images of 40 x 40"),
        (of_another_torch, "was made by torch 1.0"),
        (of_another_processor, "was made for AVX1024"),
    ],
)
def test_any_other_is_refused(exported, cache, caplog, spoil, reason):
    spoil(exported, cache)
    with pytest.raises(ValueError, match=reason):
        Enhancer(exported, shape=SHAPE, threads=1, backend="aotinductor")
    assert reason in caplog.text


def test_a_package_is_run_by_name_alone(exported):
    assert Enhancer(exported, shape=SHAPE, threads=1).backend.startswith("fused-")
    with pytest.raises(ValueError, match="there is no package for images of 40 x 33"):
        Enhancer(exported, shape=(40, 33), backend="aotinductor")
    with pytest.raises(ValueError, match="size is not known beforehand"):
        Enhancer(exported, backend="aotinductor")


def test_the_torchscript_file_computes_what_the_network_does(model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "model")
    image = torch.rand(1, 1, 40, 33)
    with torch.inference_mode():
        torch.testing.assert_close(
            torch.jit.load(export_torchscript(folder))(image), load_model(folder).network(image), atol=1e-4, rtol=0
        )


def test_a_light_network_is_checked_on_every_kernel(model_folder):
    checks = {check.backend: check for check in check_model(model_folder, (40, 33))}
    assert {"fused-portable", "torchscript", "aotinductor", "cuda-graph"} <= set(checks)
    assert checks["fused-portable"].verdict == checks["torchscript"].verdict == "ok"
    assert checks["aotinductor"].verdict == "not run"
    assert "no package" in checks["aotinductor"].reason


def test_a_backend_that_computes_something_else_is_off(exported, monkeypatch):
    stale_file = derived_files.export_torchscript(exported)
    a_tiny_folder(exported, seed=1)
    monkeypatch.setattr("sonolucent.nn.inference.parity.torchscript_file", lambda model: stale_file)
    (check,) = [check for check in check_model(exported, SHAPE) if check.backend == "torchscript"]
    assert check.verdict == "off"
    assert check.max_difference > check.tolerance


def test_images_that_the_model_does_not_take_are_not_checked(model_folder):
    with pytest.raises(ValueError, match=r"at least 17, not \(16, 40\)"):
        check_model(model_folder, (16, 40))
