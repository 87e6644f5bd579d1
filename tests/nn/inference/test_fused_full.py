"""The fused kernels of full networks against eager torch; `tests/native` holds each to the definition."""

from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage
from sonolucent._fused import fused_kernels
from sonolucent.nn import SHIPPED_MODELS, Enhancer
from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.unet import UNet

from .networks import RANGE_DB, a_unet, eager, enhanced, speckle_db

PARITY = 1e-4
BF16_RMS, BF16_MAX = 1e-3, 5e-2
FULL = SHIPPED_MODELS / "full-quadrant"
SHAPES = [(17, 17), (9, 130), (97, 101), (40, 331)]
BUILDS = {"amx-bf16", "avx512-bf16", "avx2-bf16", "portable-bf16", "avx512", "avx2", "portable"}


@pytest.fixture(params=sorted(BUILDS))
def kernels(request: pytest.FixtureRequest) -> str:
    if request.param not in fused_kernels(full=True) + fused_kernels(full=True, bf16=True):
        pytest.skip(f"this processor cannot run {request.param}")
    return str(request.param)


@pytest.fixture(scope="module")
def shipped() -> UNet:
    return load_model(FULL).network


@pytest.fixture(scope="module")
def shipped_file(shipped: UNet, tmp_path_factory: pytest.TempPathFactory) -> str:
    return as_file(shipped, tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def frames(shipped: UNet) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images in dB and what eager torch makes of them with the shipped weights."""
    return [(image, eager(shipped, image)) for image in (speckle_db(*shape) for shape in SHAPES)]


def as_file(network: torch.nn.Module, folder: Path) -> str:
    write_torchscript(network, folder / "net.ts")
    return str(folder / "net.ts")


def require_close(found: np.ndarray, expected: np.ndarray, kernels: str) -> None:
    if not kernels.endswith("bf16"):
        np.testing.assert_allclose(found, expected, atol=PARITY)
        return
    difference = found - expected
    assert np.abs(difference).max() < BF16_MAX
    assert np.sqrt(np.mean(difference**2)) < BF16_RMS


@pytest.mark.parametrize("threads", [1, 3])
def test_trained_weights_on_every_instruction_set(
    frames: list[tuple[np.ndarray, np.ndarray]], shipped_file: str, kernels: str, threads: int
) -> None:
    stage = InferenceStage(shipped_file, threads=threads, backend=f"fused-{kernels}")
    assert stage.backend == f"fused-{kernels}"
    for image, expected in frames:
        require_close(enhanced(stage, image), expected, kernels)


@pytest.mark.parametrize(
    ("base_channels", "depth", "bias", "affine"), [(16, 2, True, True), (1, 1, False, False), (5, 3, True, True)]
)
def test_random_weights_of_any_width_and_depth(
    tmp_path: Path, base_channels: int, depth: int, bias: bool, affine: bool
) -> None:
    network = a_unet(base_channels, depth, separable=False, bias=bias, affine=affine)
    file = as_file(network, tmp_path)
    for name in fused_kernels(full=True):
        stage = InferenceStage(file, threads=2, backend=f"fused-{name}")
        for shape in SHAPES:
            image = speckle_db(*shape)
            message = f"{stage.backend} {shape}"
            np.testing.assert_allclose(enhanced(stage, image), eager(network, image), atol=PARITY, err_msg=message)


def test_undefined_pixels_count_as_the_floor_and_infinite_ones_are_clipped(shipped_file: str, kernels: str) -> None:
    stage = InferenceStage(shipped_file, threads=1, backend=f"fused-{kernels}")
    image = speckle_db(40, 50)
    image[3, 4], image[5, 6], image[7, 8] = np.nan, np.inf, -np.inf
    repaired = np.nan_to_num(image, nan=-RANGE_DB).clip(-RANGE_DB, 0)
    np.testing.assert_array_equal(enhanced(stage, image), enhanced(stage, repaired))


def test_weights_that_are_no_numbers_are_found_out(tmp_path: Path, kernels: str) -> None:
    bad = a_unet(16, 1, separable=False)
    bad.merge[0][0][0].weight.data[0, 0] = np.nan  # type: ignore[index, union-attr, operator]
    stage = InferenceStage(as_file(bad, tmp_path), threads=1, backend=f"fused-{kernels}")
    assert np.isnan(enhanced(stage, speckle_db(40, 50))).all()


def test_the_file_runs_the_kernels_in_torch_too(shipped: UNet, shipped_file: str) -> None:
    network = torch.jit.load(shipped_file)  # type: ignore[no-untyped-call]
    images = torch.rand(2, 1, 45, 38)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), shipped(images), rtol=0, atol=PARITY)


def test_the_full_network_runs_in_float32_unless_bf16_is_asked_for() -> None:
    assert Enhancer(FULL, threads=1).backend == f"fused-{fused_kernels(full=True)[0]}"
    fastest = fused_kernels(full=True, bf16=True)[0]
    assert Enhancer(FULL, threads=1, backend="fused-bf16").backend == f"fused-{fastest}"
