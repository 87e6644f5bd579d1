"""The losses: L1 as published, and one for speckle, which says what a network should make of what it cannot know."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolucent.nn.training.landmarks import patch_mean, ramp, standing_out, steps

_SLIGHT_DB = 3.0
# Speckle seldom stands out of its surroundings in every direction by 8 dB, and hardly ever by 14; in the mean of three
# looks, by 5 and by 10.
_POINT_DB, _AGREED_POINT_DB = (8.0, 14.0), (5.0, 10.0)
_POINT_WEIGHT = 60.0
_LEVEL_WEIGHT = 0.7
_EDGE_DB = (5.0, 9.0)
_EDGE_WEIGHT = 20.0
_SMOOTHNESS = 1.0
_SPOT_DB = 1.0
_SPOT_WEIGHT = 3.0


def l1(predicted: Tensor, wanted: Tensor, given: Tensor) -> Tensor:
    """Mean of |predicted - wanted|, (n, 1, n_z, n_x) each, in dB."""
    return F.l1_loss(predicted, wanted)


def speckle_loss(predicted: Tensor, wanted: Tensor, given: Tensor) -> Tensor:
    """Huber's loss, points weighted as tissue is not; errors of the level of patches; total variation and spots of
    tissue.

    Two looks at a frame say too little of any one pixel of tissue: a small network makes fine grain of its doubts. The
    total variation (Rudin, Osher and Fatemi 1992) settles them for what is smooth. It spares points, and edges, whose
    height and sharpness it would cost. It would also draw a region's level to that of its surroundings; the mean of a
    patch, which speckle hardly disturbs, holds against that.

    What total variation leaves are single dots and pits: they cost it little more than the grain that they were. So
    whatever stands out of the prediction in every direction costs extra, bright or dark, where the looks show neither a
    point nor an edge.

    Points are less than a thousandth of the pixels, so that without weight their peaks hardly count. That weight is
    told from the network's input alone, whose speckle is independent of the target's: under such a weight the best
    prediction stays the same. So it chooses what a small network spends itself on, and biases nothing. What smoothing
    spares is told from both, as it biases anyway: a point is where all looks agree, which tells it from a peak of
    speckle.

    Args:
        predicted: by the network, (n, 1, n_z, n_x) in dB.
        wanted: the mean of the other looks.
        given: the network's input.
    """
    seen = ramp(standing_out(given), _POINT_DB)
    agreed = torch.minimum(seen, ramp(standing_out(wanted), _AGREED_POINT_DB))
    points = 1 + _POINT_WEIGHT * seen
    errors = F.smooth_l1_loss(predicted, wanted, reduction="none", beta=_SLIGHT_DB)
    edges = ramp(steps((given + 3 * wanted) / 4), _EDGE_DB)
    tissue = 1 / (1 + _POINT_WEIGHT * agreed) / (1 + _EDGE_WEIGHT * edges)
    tissue = tissue / tissue.mean()
    smoothing = _SMOOTHNESS * _variation(predicted, tissue) + _SPOT_WEIGHT * (tissue * _spots(predicted)).mean()
    levels = patch_mean(predicted - wanted).abs()
    return (points * errors).mean() / points.mean() + _LEVEL_WEIGHT * levels.mean() + smoothing


def _variation(image: Tensor, weight: Tensor) -> Tensor:
    """Mean of |difference from pixel to pixel|, down and across, weighted."""
    down = (image[:, :, 1:] - image[:, :, :-1]).abs() * weight[:, :, 1:]
    across = (image[..., 1:] - image[..., :-1]).abs() * weight[..., 1:]
    return down.mean() + across.mean()


def _spots(image: Tensor) -> Tensor:
    """By how many dB more than a slight wave each pixel stands out of its surroundings in every direction, or lies
    below them."""
    return F.relu(standing_out(image) - _SPOT_DB) + F.relu(standing_out(-image) - _SPOT_DB)
