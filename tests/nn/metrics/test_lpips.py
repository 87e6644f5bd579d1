"""LPIPS with weights of our own: those of the authors are the user's to bring."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from sonolucent.nn import FitError
from sonolucent.nn.metrics.lpips import Lpips

_SIDES = ((3, 64, 11), (64, 192, 5), (192, 384, 3), (384, 256, 3), (256, 256, 3))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    tensors = {}
    for i, (place, (n_in, n_out, size)) in enumerate(zip((0, 3, 6, 8, 10), _SIDES, strict=True)):
        conv = nn.Conv2d(n_in, n_out, size)
        tensors |= {f"features.{place}.weight": conv.weight.data, f"features.{place}.bias": conv.bias.data}
        tensors[f"lin{i}.model.1.weight"] = torch.rand(1, n_out, 1, 1)
    torch.save(tensors, tmp_path / "alex.pth")
    return tmp_path / "alex.pth"


def _image(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((64, 72), np.float32)


def test_alike_images_have_no_distance_and_others_the_more_the_less_they_are_alike(weights: Path) -> None:
    lpips, truth = Lpips(weights), _image()
    assert lpips.distance(truth, truth) == 0
    near, far = (0.5 * truth + 0.5 * (1 - share) * truth + 0.5 * share * _image(1) for share in (0.2, 1.0))
    assert 0 < lpips.distance(near, truth) < lpips.distance(far, truth)
    assert lpips.distance(far, truth) == pytest.approx(lpips.distance(truth, far), rel=1e-5)


def test_the_range_of_mcgill_is_another(weights: Path) -> None:
    lpips = Lpips(weights)
    usual, theirs = (lpips.distance(_image(), _image(1), as_mcgill=mcgill) for mcgill in (False, True))
    assert usual != pytest.approx(theirs, rel=1e-2)


def test_it_is_the_weighted_difference_of_unit_features(weights: Path) -> None:
    """By the formula, of the first layer alone."""
    tensors = torch.load(weights, weights_only=True)
    for i in range(1, 5):
        tensors[f"lin{i}.model.1.weight"].zero_()
    torch.save(tensors, weights)
    shift, scale = (torch.tensor(v)[:, None, None] for v in ([-0.03, -0.088, -0.188], [0.458, 0.448, 0.45]))
    units = []
    for image in (_image(), _image(1)):
        shown = (torch.from_numpy(2 * image - 1).expand(3, -1, -1) - shift) / scale
        features = nn.functional.conv2d(
            shown[None], tensors["features.0.weight"], tensors["features.0.bias"], stride=4, padding=2
        ).relu()
        units.append(features / (features**2).sum(dim=1, keepdim=True).sqrt())
    expected = (tensors["lin0.model.1.weight"] * (units[0] - units[1]) ** 2).sum(dim=1).mean().item()
    assert Lpips(weights).distance(_image(), _image(1)) == pytest.approx(expected, rel=1e-4)


def test_other_weights_are_refused(weights: Path) -> None:
    tensors = torch.load(weights, weights_only=True)
    del tensors["lin3.model.1.weight"]
    torch.save(tensors, weights)
    with pytest.raises(FitError, match=r"alex\.pth holds no weights of AlexNet and LPIPS .*; lin3\.model\.1\.weight"):
        Lpips(weights)
