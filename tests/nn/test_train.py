import numpy as np
import pytest
import torch

from sonolucent.nn import metrics
from sonolucent.nn.train import train_quadrant

from .speckle import a_grid, distance_m, random_cyst, speckle

GRID = a_grid()


def weights(network):
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def test_the_same_seed_gives_the_same_weights_and_another_other_ones():
    frames = [speckle(GRID, seed) for seed in range(2)]
    before = torch.random.get_rng_state()
    first, again, other = (weights(train_quadrant(frames, GRID, steps=3, seed=seed)) for seed in (1, 1, 2))
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_step_is_reported():
    seen = []
    train_quadrant([speckle(GRID, 0)], GRID, steps=4, progress=lambda step, loss: seen.append((step, loss)))
    assert [step for step, _ in seen] == [1, 2, 3, 4]
    assert all(0 < loss < 1 for _, loss in seen)


def test_images_smaller_than_a_crop_do():
    grid = a_grid(71, 53)
    train_quadrant([speckle(grid, 0)], grid, steps=1)


def test_images_without_phase_are_refused():
    with pytest.raises(ValueError, match="without phase"):
        train_quadrant([np.abs(speckle(GRID, 0))], GRID, steps=1)


@pytest.mark.slow
def test_a_short_training_removes_speckle_and_keeps_contrast():
    """On a frame never trained on: the spread of tissue halves, a -10 dB cyst stays as dark as it was."""
    network = train_quadrant([random_cyst(GRID, seed) for seed in range(32)], GRID, steps=300, seed=1)
    image = speckle(GRID, 99, np.where(distance_m(GRID) < 2e-3, -10, 0))
    plain = (20 * np.log10(np.abs(image) / np.quantile(np.abs(image), 0.999))).astype(np.float32)
    with torch.inference_mode():
        enhanced = 60 * (network(torch.from_numpy((plain / 60 + 1).clip(0, 1))[None, None])[0, 0].numpy() - 1)
    cyst, tissue = distance_m(GRID) < 1.4e-3, distance_m(GRID) > 2.6e-3
    assert enhanced[tissue].std() < 0.6 * plain[tissue].std()
    contrast = metrics.contrast_db(plain[cyst], plain[tissue])
    assert metrics.contrast_db(enhanced[cyst], enhanced[tissue]) == pytest.approx(contrast, abs=2)
