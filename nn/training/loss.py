"""The loss: L1, with more weight where a network that only follows the crowd of pixels errs."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

_SIDE = 9
_SPECKLE_PEAK = 8 / 60
_POINT_PEAK = 16 / 60


def weighted_l1(predicted: Tensor, wanted: Tensor, given: Tensor, point_weight: float) -> Tensor:
    """Mean of |predicted - wanted|, (n, 1, n_z, n_x) each, points weighted up to 1 + `point_weight` times as tissue is.

    Points are less than a thousandth of the pixels, so plain L1 hardly pays for their peaks. What counts as a point is
    told from the network's input alone, whose speckle is independent of the target's: under any weight that depends on
    the input only, the best prediction (the conditional median) stays the same. So weights choose what a small network
    spends itself on, and bias nothing.
    """
    weight = 1 + point_weight * _pointedness(given)
    return ((predicted - wanted).abs() * weight).mean() / weight.mean()


def _pointedness(given: Tensor) -> Tensor:
    """0 for tissue to 1 for points: how far a pixel stands out of the 9 x 9 around it.

    Speckle seldom stands out by 8 dB (of a range of 60) and hardly ever by 16.
    """
    around = F.avg_pool2d(F.pad(given, (_SIDE // 2,) * 4, mode="reflect"), _SIDE, stride=1)
    return ((given - around - _SPECKLE_PEAK) / (_POINT_PEAK - _SPECKLE_PEAK)).clamp(0, 1)
