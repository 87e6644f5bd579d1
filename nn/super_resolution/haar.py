"""The Haar transform of images in one level: four of half the size, and back."""

from __future__ import annotations

import torch
from torch import Tensor


def sums(images: Tensor) -> Tensor:
    """(n, c, n_z, n_x), even sizes, to (n, 4 c, n_z / 2, n_x / 2): the sums and differences of every 2 x 2 pixels, all
    means first, then those across columns, across rows, and across both. Not scaled: `unsums` divides by four."""
    a, b = images[..., 0::2, 0::2], images[..., 0::2, 1::2]
    c, d = images[..., 1::2, 0::2], images[..., 1::2, 1::2]
    return torch.cat([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d], dim=1)


def unsums(parts: Tensor) -> Tensor:
    """The inverse of `sums`."""
    mean, across, down, both = (part / 4 for part in parts.chunk(4, dim=1))
    rows = [
        (mean + across + down + both, mean - across + down - both),
        (mean + across - down - both, mean - across - down + both),
    ]
    lines = [torch.stack(pair, dim=-1).flatten(-2) for pair in rows]
    return torch.stack(lines, dim=-2).flatten(-3, -2)


def orthonormal(images: Tensor) -> Tensor:
    """`sums` / 2, which keeps the energy."""
    return sums(images) / 2


def orthonormal_inverse(parts: Tensor) -> Tensor:
    """The inverse of `orthonormal`."""
    return unsums(2 * parts)
