"""The networks: their sizes as published, and what they do before they have learnt anything."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from sonolucent.nn.super_resolution.cycle_gan import CROP, BlurringGenerator, PatchDiscriminator, SharpeningGenerator
from sonolucent.nn.super_resolution.haar import orthonormal, orthonormal_inverse, sums, unsums
from sonolucent.nn.super_resolution.kernel_gan import KernelGenerator
from sonolucent.nn.super_resolution.mcgill import McGillNet
from sonolucent.nn.super_resolution.mwcnn import MwcnnNet
from sonolucent.nn.super_resolution.perceptual import vgg19
from sonolucent.nn.super_resolution.zssr import ZssrNet


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (ZssrNet(), 222_336),
        (KernelGenerator(), 150_656),
        (MwcnnNet(), 24_927_809),
        (McGillNet(3), 668_035),
        (McGillNet(), 665_729),
        (SharpeningGenerator(), 250_943),
    ],
    ids=lambda value: type(value).__name__,
)
def test_they_have_as_many_parameters_as_published(network: nn.Module, parameters: int) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def _image(n: int = 32) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).random((1, 1, n, n), np.float32))


@pytest.mark.parametrize(
    ("network", "last"),
    [(ZssrNet(), "layers.14"), (McGillNet(), "last"), (MwcnnNet(), "tail")],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else value,
)
def test_with_a_last_layer_of_zeros_they_leave_the_enlarged_image(network: nn.Module, last: str) -> None:
    for parameter in network.get_submodule(last).parameters():
        nn.init.zeros_(parameter)
    with torch.inference_mode():
        torch.testing.assert_close(network(_image()), _image())


def test_the_wavelet_transform_comes_back_and_keeps_the_energy() -> None:
    images = torch.randn(2, 3, 16, 24, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(unsums(sums(images)), images)
    parts = orthonormal(images)
    assert parts.shape == (2, 12, 8, 12)
    torch.testing.assert_close(orthonormal_inverse(parts), images)
    torch.testing.assert_close((parts**2).sum(), (images**2).sum())
    torch.testing.assert_close(sums(torch.ones(1, 1, 2, 2)).flatten(), torch.tensor([4.0, 0, 0, 0]))


def test_the_blurring_generator_is_not_linear() -> None:
    """Its layers between input and output; a slope of one would make them so."""
    torch.manual_seed(0)
    layers = BlurringGenerator().layers
    x, y = torch.randn(2, 1, 2, CROP, CROP)
    with torch.inference_mode():
        bent = layers(x + y) - layers(x) - layers(y) + layers(torch.zeros_like(x))
    assert bent.abs().max() > 1e-2


def test_the_discriminator_judges_five_by_five_patches() -> None:
    assert PatchDiscriminator()(_image(CROP)).shape == (1, 1, 5, 5)


def test_the_first_layers_of_vgg19_have_38_720_parameters(tmp_path) -> None:
    torch.manual_seed(0)
    convs = {"features.0": nn.Conv2d(3, 64, 3, padding=1), "features.2": nn.Conv2d(64, 64, 3, padding=1)}
    weights = {f"{name}.{kind}": tensor for name, conv in convs.items() for kind, tensor in conv.state_dict().items()}
    torch.save(weights, tmp_path / "vgg19.pth")
    network = vgg19(4, tmp_path / "vgg19.pth", "a method")
    assert network is not None
    assert sum(parameter.numel() for parameter in network.parameters()) == 38_720
    image = _image().expand(-1, 3, -1, -1)
    expected = convs["features.2"](convs["features.0"](image).relu()).relu()
    torch.testing.assert_close(network(image), expected)
