"""The fused kernels in bf16 against eager torch that rounds to bf16 what they round; and that nobody gets them unasked.

`tests/native` holds one layer to the last bit. Through many layers differences grow: where float32 sums differ in their
last bit, some pixel is rounded the other way, and through the norms it moves all others. So networks of one level must
agree nearly everywhere, the trained one of four levels as well as rounding lets it.
"""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage
from sonolucent._fused import fused_kernels
from sonolucent.nn import SHIPPED_MODELS, Enhancer, Session
from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.unet import UNet

from .networks import RANGE_DB, SHAPES, a_unet, eager, enhanced, speckle_db

BUILDS = ["avx512-bf16", "avx2-bf16", "portable-bf16"]
NEARLY = 2e-5
"""Of half the pixels of a network of one level; bf16 itself moves them by more."""
LIGHT = SHIPPED_MODELS / "light-quadrant"


@pytest.fixture(params=BUILDS)
def kernels(request: pytest.FixtureRequest) -> str:
    if request.param not in fused_kernels(bf16=True):
        pytest.skip(f"this processor cannot run {request.param}")
    return str(request.param)


@pytest.fixture(scope="module")
def shipped() -> UNet:
    return load_model(LIGHT).network


@pytest.fixture(scope="module")
def shipped_file(shipped: UNet, tmp_path_factory: pytest.TempPathFactory) -> str:
    return as_file(shipped, tmp_path_factory.mktemp("bf16"))


def as_file(network: UNet, folder: Path) -> str:
    write_torchscript(network, folder / "net.ts")
    return str(folder / "net.ts")


def in_bf16(network: UNet) -> UNet:
    """The network with inputs and weights of its pointwise convolutions rounded; the first one only scales a plane.

    Without the biases before the rounding, which the kernels leave out: they add the same to every pixel, and the norm
    takes it away again.
    """
    rounding = copy.deepcopy(network)
    pairs = [m for m in rounding.modules() if isinstance(m, torch.nn.Sequential) and isinstance(m[0], torch.nn.Conv2d)]
    for depthwise, pointwise in pairs[1:]:
        if depthwise.bias is not None:
            torch.nn.init.zeros_(depthwise.bias)
        pointwise.weight.data = pointwise.weight.bfloat16().float()
        pointwise.register_forward_pre_hook(lambda _, inputs: (inputs[0].bfloat16().float(),))
    return rounding


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.mean(difference**2)))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("base_channels", "bias"), [(3, False), (5, True), (8, True)])
def test_networks_of_one_level_agree_nearly_everywhere(tmp_path, kernels, base_channels, bias, threads):
    network = a_unet(base_channels, 1, bias=bias)
    stage = InferenceStage(as_file(network, tmp_path), threads=threads, backend=f"fused-{kernels}")
    for image in (speckle_db(*shape) for shape in SHAPES):
        expected, single = eager(in_bf16(network), image), eager(network, image)
        difference = np.abs(enhanced(stage, image) - expected)
        assert np.median(difference) < NEARLY < np.median(np.abs(single - expected)), image.shape
        assert difference.max() < 2e-2, image.shape


@pytest.mark.parametrize("threads", [1, 2])
def test_trained_weights(shipped, shipped_file, kernels, threads):
    stage = InferenceStage(shipped_file, threads=threads, backend=f"fused-{kernels}")
    assert stage.backend == f"fused-{kernels}"
    for image in (speckle_db(*shape) for shape in [*SHAPES, (620, 256)]):
        made = enhanced(stage, image)
        assert rms(made - eager(in_bf16(shipped), image)) < 1.2e-3, image.shape
        assert rms(made - eager(shipped, image)) < 2e-3, image.shape
        np.testing.assert_allclose(made, eager(shipped, image), atol=2e-2, err_msg=str(image.shape))


@pytest.mark.parametrize(("base_channels", "depth", "affine"), [(8, 4, True), (1, 1, False), (13, 3, True)])
def test_random_weights_of_any_width_and_depth(tmp_path, kernels, base_channels, depth, affine):
    network = a_unet(base_channels, depth, affine=affine)
    stage = InferenceStage(as_file(network, tmp_path), threads=2, backend=f"fused-{kernels}")
    for image in (speckle_db(*shape) for shape in SHAPES):
        assert rms(enhanced(stage, image) - eager(in_bf16(network), image)) < 5e-3, image.shape


def test_undefined_pixels_count_as_the_floor_and_undefined_weights_come_out(tmp_path, shipped, kernels):
    stage = InferenceStage(as_file(shipped, tmp_path), threads=1, backend=f"fused-{kernels}")
    image = speckle_db(40, 50)
    image[3, 4] = np.nan
    np.testing.assert_array_equal(enhanced(stage, image), enhanced(stage, np.nan_to_num(image, nan=-RANGE_DB)))
    bad = copy.deepcopy(shipped)
    bad.merge[0][0][0][1].weight.data[0, 0] = np.nan
    broken = InferenceStage(as_file(bad, tmp_path), threads=1, backend=f"fused-{kernels}")
    assert np.isnan(enhanced(broken, speckle_db(40, 50))).all()


def test_bf16_is_never_run_unasked(shipped_file, shipped):
    assert not any("bf16" in name for name in fused_kernels())
    assert InferenceStage(shipped_file, threads=1).backend == f"fused-{fused_kernels()[0]}"
    for choice in ("cpu", LIGHT):
        enhancer = Enhancer(choice, threads=1)
        assert "bf16" not in enhancer.backend
        assert "the fastest in f32" in enhancer.reason
    grey = torch.rand(1, 1, 40, 50)
    with torch.inference_mode():
        torch.testing.assert_close(torch.jit.load(shipped_file)(grey), shipped(grey), rtol=0, atol=1e-4)


def test_bf16_by_name_is_the_fastest_there_is():
    fastest = fused_kernels(bf16=True)[0]
    enhancer = Enhancer(LIGHT, threads=1, backend="fused-bf16")
    assert enhancer.backend == f"fused-{fastest}"
    assert "bf16 in the convolutions between channels" in enhancer.reason
    assert ("emulated" in enhancer.reason) == (fastest != "avx512-bf16")
    image, out = speckle_db(40, 50), np.empty((40, 50), np.float32)
    label = Session(LIGHT, (40, 50), threads=1, backend="fused-bf16")(image, out)
    assert label.backend == enhancer.backend
    np.testing.assert_array_equal(out, enhancer(image))


def test_bf16_that_is_not_to_be_had_is_refused(shipped_file):
    with pytest.raises(ValueError, match="'fused-bf16' runs networks, and median is a filter"):
        Enhancer("median", backend="fused-bf16")
    for name in ("sve-bf16", *(set(BUILDS) - set(fused_kernels(bf16=True)))):
        with pytest.raises(ValueError, match=f"no kernels '{name}' for such a network; it has .*portable-bf16"):
            InferenceStage(shipped_file, backend=f"fused-{name}")
