"""The losses: L1 as published, and one for speckle, which says what a network should make of what it cannot know."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

_SLIGHT_DB = 3.0
# Speckle seldom stands out of the 9 x 9 pixels around it by 10 dB, and hardly ever by 16.
_POINT_SIDE = 9
_POINT_DB = (10.0, 16.0)
_POINT_WEIGHT = 60.0
# The mean of 11 x 7 pixels of speckle has a standard deviation of some 2 dB.
_PATCH_SIDES = (11, 7)
_LEVEL_WEIGHT = 0.7
_EDGE_STEPS = (4, 3)
_EDGE_DB = (5.0, 9.0)
_EDGE_WEIGHT = 20.0
_SMOOTHNESS = 1.0


def l1(predicted: Tensor, wanted: Tensor, given: Tensor) -> Tensor:
    """Mean of |predicted - wanted|, (n, 1, n_z, n_x) each, in dB."""
    return F.l1_loss(predicted, wanted)


def speckle_loss(predicted: Tensor, wanted: Tensor, given: Tensor) -> Tensor:
    """Huber's loss, points weighted as tissue is not; errors of the level of patches; total variation of tissue.

    Two looks at a frame say too little of any one pixel of tissue: a small network makes fine grain of its doubts. The
    total variation (Rudin, Osher and Fatemi 1992) settles them for what is smooth. It spares what the network's input
    shows to be no tissue: points, and edges, whose height and sharpness it would cost. It would also draw a region's
    level to that of its surroundings; the mean of a patch, which speckle hardly disturbs, holds against that.

    Points are less than a thousandth of the pixels, so that without weight their peaks hardly count. All weights are
    told from the network's input alone, whose speckle is independent of the target's: under such a weight the best
    prediction stays the same. So the points' weight chooses what a small network spends itself on, and biases nothing;
    only the total variation does.

    Args:
        predicted: by the network, (n, 1, n_z, n_x) in dB.
        wanted: the mean of the other looks.
        given: the network's input.
    """
    points = 1 + _POINT_WEIGHT * _pointedness(given)
    errors = F.smooth_l1_loss(predicted, wanted, reduction="none", beta=_SLIGHT_DB)
    tissue = 1 / points / (1 + _EDGE_WEIGHT * _edginess(given))
    variation = _variation(predicted, tissue / tissue.mean())
    levels = _mean(predicted - wanted, _PATCH_SIDES).abs()
    return (points * errors).mean() / points.mean() + _LEVEL_WEIGHT * levels.mean() + _SMOOTHNESS * variation


def _variation(image: Tensor, weight: Tensor) -> Tensor:
    """Mean of |difference from pixel to pixel|, down and across, weighted."""
    down = (image[:, :, 1:] - image[:, :, :-1]).abs() * weight[:, :, 1:]
    across = (image[..., 1:] - image[..., :-1]).abs() * weight[..., 1:]
    return down.mean() + across.mean()


def _pointedness(given: Tensor) -> Tensor:
    """0 for tissue to 1 for points: how far a pixel stands out of those around it."""
    return _ramp(given - _mean(given, (_POINT_SIDE, _POINT_SIDE)), _POINT_DB)


def _edginess(given: Tensor) -> Tensor:
    """0 within tissue to 1 on edges: how the means on both sides differ."""
    down, across = _EDGE_STEPS
    mean = F.pad(_mean(given, _PATCH_SIDES), (across, across, down, down), mode="replicate")
    steps_down = (mean[:, :, 2 * down :] - mean[:, :, : -2 * down]).abs()[..., across:-across]
    steps_across = (mean[..., 2 * across :] - mean[..., : -2 * across]).abs()[:, :, down:-down]
    return _ramp(torch.maximum(steps_down, steps_across), _EDGE_DB)


def _mean(image: Tensor, sides: tuple[int, int]) -> Tensor:
    down, across = (side // 2 for side in sides)
    return F.avg_pool2d(F.pad(image, (across, across, down, down), mode="reflect"), sides, stride=1)


def _ramp(values: Tensor, ends: tuple[float, float]) -> Tensor:
    low, high = ends
    return ((values - low) / (high - low)).clamp(0, 1)
