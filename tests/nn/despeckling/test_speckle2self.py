import numpy as np
import pytest
import torch

from sonolucent.nn import FitError, Fitting, metrics, offline_method
from sonolucent.nn.despeckling import Speckle2Self, speckle2self
from sonolucent.nn.despeckling.speckle2self import ThreeScales, consistency_loss, reconstruction_loss, scales_of
from sonolucent.nn.speckle2self_net import (
    Decoder,
    Encoder,
    Speckle2SelfNet,
    at_place,
    calibrated,
    despeckled,
)

from ..speckle import a_grid, distance_m, random_cyst, speckle
from .test_self2self import n_parameters


def test_sizes_of_the_published_networks():
    """1.956 M an encoder, 1.955 M the decoder, 3.91 M in use."""
    assert n_parameters(Encoder()) == 1_955_520
    assert n_parameters(Decoder()) == 1_955_265
    assert n_parameters(Speckle2SelfNet()) == 1_955_520 + 1_955_265
    assert n_parameters(ThreeScales()) == 3 * 1_955_520 + 1_955_265


def test_equal_scales_through_equal_encoders_are_consistent():
    torch.manual_seed(0)
    network = ThreeScales()
    for encoder in network.encoders:
        encoder.load_state_dict(network.encoders[0].state_dict())
    image = torch.rand(2, 1, 32, 48)
    outputs = [network.decoder(encoder(image)) for encoder in network.encoders]
    assert consistency_loss(outputs).item() == 0
    assert network.loss([image] * 3).item() == pytest.approx(reconstruction_loss(outputs, [image] * 3).item())
    torch.testing.assert_close(network.in_use()(image), outputs[0])


def test_scales_are_blurred_copies_in_decibels_of_mean_0_and_variance_1():
    image = 0.1 + torch.rand(2, 1, 64, 64, generator=torch.manual_seed(0))
    scales = scales_of(image)
    for scale in scales:
        assert scale.shape == image.shape
        torch.testing.assert_close(scale.mean((2, 3)), torch.zeros(2, 1), atol=1e-5, rtol=0)
        torch.testing.assert_close(scale.std((2, 3), correction=0), torch.ones(2, 1))
    changes = [scale.diff(dim=-1).abs().mean() for scale in scales]
    assert changes[0] > changes[1] > changes[2]
    torch.testing.assert_close(scales_of(5 * image), scales, atol=1e-2, rtol=0)


def test_calibration_gives_levels_back():
    """Whatever rising function the output went through."""
    image_db = np.linspace(-50, 0, 4000, dtype=np.float32).reshape(80, 50)
    output = ((image_db + 60) ** 3 / 60**3).astype(np.float32)
    np.testing.assert_allclose(calibrated(output, image_db), image_db, atol=0.3)


def test_the_level_of_an_image_does_not_matter():
    """As gain is nothing that an image shows."""
    image_db = np.random.default_rng(0).uniform(-50, -10, (48, 40)).astype(np.float32)
    network = Speckle2SelfNet().eval()
    np.testing.assert_allclose(despeckled(network, image_db + 10), despeckled(network, image_db) + 10, atol=0.01)


def test_no_lattice_lies_over_the_image():
    """What repeats every 16 pixels, of an image where nothing does; a single place shows more of it."""
    torch.manual_seed(0)
    network = Speckle2SelfNet().eval()
    image_db = np.random.default_rng(0).uniform(-50, -10, (160, 160)).astype(np.float32)
    assert repeated(despeckled(network, image_db)) < 0.6 * repeated(at_place(network, image_db))


def repeated(image: np.ndarray) -> float:
    """Standard deviation of the mean 16 x 16 pixels of an image, away from its border."""
    inside = image[16:-16, 16:-16]
    return float(inside.reshape(inside.shape[0] // 16, 16, -1, 16).mean((0, 2)).std())


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (17, 33), (48, 32)])
def test_images_of_any_size(shape):
    image_db = np.random.default_rng(0).uniform(-60, 0, shape).astype(np.float32)
    made = despeckled(Speckle2SelfNet().eval(), image_db)
    assert made.shape == shape
    assert np.isfinite(made).all()


@pytest.mark.slow
def test_training_raises_homogeneity(monkeypatch):
    monkeypatch.setattr(speckle2self, "_BATCH", {"cpu": 2})
    grid = a_grid(96, 64)
    inside = distance_m(grid) < 2e-3
    method = Speckle2Self()
    method.fit([shown(random_cyst(grid, seed)) for seed in range(6)], Fitting(steps=25, seed=1))
    plain = shown(speckle(grid, 99, np.where(inside, -20, 0)))
    enhanced = method(plain)
    assert enhanced.shape == plain.shape
    assert enhanced.dtype == np.float32
    assert metrics.homogeneity(enhanced) > 5 * metrics.homogeneity(plain)
    assert enhanced[inside].mean() < enhanced[~inside].mean() - 3


def shown(image: np.ndarray) -> np.ndarray:
    envelope = np.abs(image)
    return (20 * np.log10(envelope / envelope.max())).clip(-60, 0).astype(np.float32)


def test_too_few_pixels_are_refused():
    with pytest.raises(FitError, match="64 x 64 pixels at least; the image has 63"):
        offline_method("speckle2self").fit([np.ones((63, 80), np.float32)], Fitting(steps=1))
