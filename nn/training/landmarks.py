"""Where an image shows what smoothing would cost: points, and edges."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

PATCH_SIDES = (11, 7)
"""Rows and columns; the mean of so many pixels of speckle has a standard deviation of some 2 dB."""

_DIRECTIONS = 8
_REACH = range(4, 8)
_EDGE_STEPS = (4, 3)


def standing_out(image: Tensor) -> Tensor:
    """By how many dB each pixel stands out of its surroundings in every direction.

    It is the pixel less the largest, over 8 directions, of the mean of both sides at 4 to 7 pixels. Of a band that is
    no wider than that, one direction leads along it: so lines and edges do not stand out, and points do.

    Args:
        image: (n, 1, n_z, n_x) in dB, each side longer than 7; beyond it, its border goes on.
    """
    reach = _REACH[-1]
    padded = F.pad(image, (reach, reach, reach, reach), mode="replicate")
    return image - F.conv2d(padded, _sides(image)).amax(dim=1, keepdim=True)


def steps(image: Tensor) -> Tensor:
    """By how many dB the means of patches on both sides of each pixel differ, down or across, whichever is more.

    Args:
        image: (n, 1, n_z, n_x) in dB.
    """
    down, across = _EDGE_STEPS
    mean = F.pad(patch_mean(image), (across, across, down, down), mode="replicate")
    steps_down = (mean[:, :, 2 * down :] - mean[:, :, : -2 * down]).abs()[..., across:-across]
    steps_across = (mean[..., 2 * across :] - mean[..., : -2 * across]).abs()[:, :, down:-down]
    return torch.maximum(steps_down, steps_across)


def patch_mean(image: Tensor) -> Tensor:
    """The mean of `PATCH_SIDES` pixels around each, mirrored at the border."""
    down, across = (side // 2 for side in PATCH_SIDES)
    return F.avg_pool2d(F.pad(image, (across, across, down, down), mode="reflect"), PATCH_SIDES, stride=1)


def ramp(values: Tensor, ends: tuple[float, float]) -> Tensor:
    """0 up to the first of the ends, 1 from the second on, a line between."""
    low, high = ends
    return ((values - low) / (high - low)).clamp(0, 1)


def _sides(like: Tensor) -> Tensor:
    """One kernel a direction, the mean of both sides: (8, 1, 15, 15)."""
    reach = _REACH[-1]
    kernels = like.new_zeros(_DIRECTIONS, 1, 2 * reach + 1, 2 * reach + 1)
    for kernel, angle in zip(kernels[:, 0], (math.pi * k / _DIRECTIONS for k in range(_DIRECTIONS)), strict=True):
        for r in _REACH:
            row, column = round(r * math.sin(angle)), round(r * math.cos(angle))
            kernel[reach + row, reach + column] += 1
            kernel[reach - row, reach - column] += 1
    return kernels / (2 * len(_REACH))
