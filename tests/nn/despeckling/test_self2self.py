import numpy as np
import pytest
import torch
from torch import nn

from sonolucent.nn import Fitting
from sonolucent.nn.despeckling import Self2Self, self2self
from sonolucent.nn.despeckling.self2self import Self2SelfNet, hidden_loss, mean_of_passes, partial_conv
from sonolucent.nn.images import denormalized, normalized


def n_parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def psnr(image: np.ndarray, clean: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((image - clean) ** 2)))


def test_size_of_the_published_network():
    assert n_parameters(Self2SelfNet()) == 988_609


def test_partial_convolution_makes_up_for_missing_pixels():
    """A mean over a constant image is that constant, whichever pixels are missing; where all are, nothing comes."""
    conv = nn.Conv2d(2, 1, 3, padding=1)
    nn.init.constant_(conv.weight, 1 / 18)
    nn.init.zeros_(conv.bias)
    mask = (torch.rand(1, 1, 12, 14, generator=torch.manual_seed(0)) < 0.5).float()
    mask[..., 4:9, 5:10] = 0
    result, covered = partial_conv(conv, torch.full((1, 2, 12, 14), 3.0), mask)
    torch.testing.assert_close(result, 3 * covered)
    assert not covered[..., 5:8, 6:9].any()
    assert covered[..., 0, :].any()


def test_pixels_that_were_seen_do_not_count():
    output = torch.rand(1, 1, 8, 8, requires_grad=True)
    mask = (torch.rand(1, 1, 8, 8) < 0.7).float()
    hidden_loss(output, torch.rand(1, 1, 8, 8), mask).backward()
    assert output.grad is not None
    assert not output.grad[mask == 1].any()
    assert output.grad[mask == 0].all()


@pytest.mark.slow
def test_independent_noise_goes(monkeypatch):
    """A disc; its mean alone would do worse than the noisy image."""
    monkeypatch.setattr(self2self, "_RATE", 1e-3)
    z, x = np.mgrid[-1:1:64j, -0.5:0.5:32j]
    clean = np.where(np.hypot(z, x) < 0.45, 0.75, 0.25).astype(np.float32)
    noisy = clean + np.random.default_rng(1).normal(0, 25 / 255, clean.shape).astype(np.float32)
    method = Self2Self()
    method.fit([denormalized(noisy, 60)], Fitting(steps=110, seed=4))
    one, many = (mean_of_passes(method._network, noisy, passes, seed=0) for passes in (1, 12))
    assert psnr(many, clean) > psnr(noisy, clean) + 2.5
    assert psnr(many, clean) > psnr(one, clean)
    np.testing.assert_array_equal(method(denormalized(noisy, 60)), method(denormalized(noisy, 60)))


@pytest.mark.parametrize("shape", [(33, 40), (64, 20)])
def test_any_size_once_it_has_learnt(shape):
    rng = np.random.default_rng(0)
    method = Self2Self()
    method.fit([denormalized(rng.random((40, 40), dtype=np.float32), 60)], Fitting(steps=1))
    made = method(denormalized(rng.random(shape, dtype=np.float32), 60))
    assert made.shape == shape
    assert np.isfinite(normalized(made, 60)).all()
