import numpy as np
import pytest
import torch

from sonolucent.nn import metrics
from sonolucent.nn.baselines.speckle2self import (
    Decoder,
    Encoder,
    Speckle2SelfNet,
    calibrated,
    consistency_loss,
    reconstruction_loss,
    scales_of,
    speckle2self,
    train_speckle2self,
)

from ..speckle import a_grid, distance_m, random_cyst, speckle
from .test_self2self import n_parameters


def test_sizes_of_the_published_networks():
    """1.956 M an encoder, 1.955 M the decoder, 3.91 M in use."""
    assert n_parameters(Encoder()) == 1_955_520
    assert n_parameters(Decoder()) == 1_955_265


def test_equal_scales_through_equal_encoders_are_consistent():
    torch.manual_seed(0)
    network = Speckle2SelfNet()
    for encoder in network.encoders:
        encoder.load_state_dict(network.encoders[0].state_dict())
    image = torch.rand(2, 1, 32, 48)
    outputs = [network.decoder(encoder(image)) for encoder in network.encoders]
    assert consistency_loss(outputs).item() == 0
    assert network.loss([image] * 3).item() == pytest.approx(reconstruction_loss(outputs, [image] * 3).item())


def test_scales_are_blurred_copies_within_0_and_1():
    image = torch.rand(2, 1, 64, 64, generator=torch.manual_seed(0)) * 5 + 2
    scales = scales_of(image)
    for scale in scales:
        assert scale.shape == image.shape
        assert scale.amin((2, 3)).unique().tolist() == [0]
        assert scale.amax((2, 3)).unique().tolist() == [1]
    changes = [scale.diff(dim=-1).abs().mean() for scale in scales]
    assert changes[0] > changes[1] > changes[2]


def test_calibration_gives_levels_back():
    """Whatever rising function the output went through."""
    image_db = np.linspace(-50, 0, 4000, dtype=np.float32).reshape(80, 50)
    output = ((image_db + 60) ** 3 / 60**3).astype(np.float32)
    np.testing.assert_allclose(calibrated(output, image_db), image_db, atol=0.3)


@pytest.mark.slow
def test_training_raises_homogeneity():
    grid = a_grid(96, 64)
    envelopes = [np.abs(random_cyst(grid, seed)).astype(np.float32) for seed in range(6)]
    network = train_speckle2self(
        [envelope / envelope.max() for envelope in envelopes], steps=25, crop=64, batch=2, seed=1
    )
    inside = distance_m(grid) < 2e-3
    envelope = np.abs(speckle(grid, 99, np.where(inside, -20, 0)))
    plain = (20 * np.log10(envelope / envelope.max())).clip(-60, 0).astype(np.float32)
    enhanced = speckle2self(network, plain)
    assert enhanced.shape == plain.shape
    assert enhanced.dtype == np.float32
    assert metrics.homogeneity(enhanced) > 5 * metrics.homogeneity(plain)
    assert enhanced[inside].mean() < enhanced[~inside].mean() - 3


def test_too_few_pixels_are_refused():
    with pytest.raises(ValueError, match="at least 64 x 64"):
        train_speckle2self([np.ones((63, 80), np.float32)], steps=1, crop=64)
    with pytest.raises(ValueError, match="at least 64 x 64"):
        train_speckle2self([], steps=1, crop=64)
