"""What blind-spot methods see, and what they can and cannot take away."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from sonolucent.nn import Fitting, offline_method
from sonolucent.nn.despeckling import blind_spot
from sonolucent.nn.despeckling.blind_spot import GRID, BlindSpotNet, behind_others, behind_the_mean, seen_by_none
from sonolucent.nn.images import denormalized, normalized


def test_noise2void_hides_few_pixels_behind_others_of_their_neighbourhood():
    patches = torch.arange(2 * 64 * 64.0).reshape(2, 1, 64, 64)
    given, mask = behind_others(patches, np.random.default_rng(0))
    assert 0.01 < mask.mean() < 0.02
    torch.testing.assert_close(given[mask == 0], patches[mask == 0], rtol=0, atol=0)
    changed = torch.nonzero(given != patches)
    assert len(changed) > 0.9 * mask.sum()
    for picture, _, row, column in changed:
        shown = int(given[picture, 0, row, column]) - picture * 64 * 64
        assert abs(shown // 64 - row) <= 5
        assert abs(shown % 64 - column) <= 5


def test_noise2self_hides_one_pixel_in_sixteen_behind_the_mean_of_its_neighbours():
    patches = torch.rand(1, 1, 16, 16, generator=torch.manual_seed(0))
    given, mask = behind_the_mean(patches, np.random.default_rng(0))
    assert mask.sum() == 16 * 16 / GRID**2
    row, column = (int(place) for place in torch.nonzero(mask[0, 0, 1:-1, 1:-1])[0] + 1)
    around = patches[0, 0, row - 1 : row + 2, column - 1 : column + 2].clone()
    weights = torch.tensor([[0.5, 1, 0.5], [1, 0, 1], [0.5, 1, 0.5]]) / 6
    assert given[0, 0, row, column] == pytest.approx(float((around * weights).sum()))


def test_no_pixel_of_noise2self_changes_where_it_alone_changes():
    torch.manual_seed(0)
    network = BlindSpotNet().eval()
    image = torch.rand(1, 1, 16, 16)
    other = image.clone()
    other[0, 0, 7, 9] += 0.5
    with torch.inference_mode():
        before, after = seen_by_none(network, image), seen_by_none(network, other)
    assert after[0, 0, 7, 9] == pytest.approx(float(before[0, 0, 7, 9]), abs=1e-6)
    assert (after - before).abs().max() > 1e-4


@pytest.fixture
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """An eighth of the channels: a step takes a quarter of a second otherwise."""
    monkeypatch.setattr(blind_spot, "_WIDTH", 8)
    monkeypatch.setattr(blind_spot, "_RATE", 3e-3)


@pytest.mark.slow
@pytest.mark.usefixtures("_narrow")
def test_independent_noise_goes_and_speckle_stays():
    """The reason for which they are controls."""
    rng = np.random.default_rng(0)
    clean = np.where(np.hypot(*np.mgrid[-1:1:64j, -1:1:64j]) < 0.6, 0.7, 0.3).astype(np.float32)
    independent = rng.normal(0, 0.1, clean.shape)
    grainy = gaussian_filter(rng.normal(0, 1, clean.shape), 1.5)
    left = []
    for noise in (independent, 0.1 * grainy / grainy.std()):
        method = offline_method("noise2self")
        noisy_db = denormalized((clean + noise).clip(0, 1), 60)
        method.fit([noisy_db], Fitting(steps=120, seed=1))
        made, noisy = (normalized(image_db, 60) for image_db in (method(noisy_db), noisy_db))
        left.append(float(np.std(made - clean) / np.std(noisy - clean)))
    assert left[0] < 0.65
    assert left[1] > 0.8


def test_an_untrained_network_takes_sizes_that_do_not_divide():
    image = np.random.default_rng(0).uniform(-60, 0, (37, 41)).astype(np.float32)
    for name in ("noise2void", "noise2self"):
        method = offline_method(name)
        method.fit([image], Fitting(steps=1))
        assert method(image).shape == image.shape
