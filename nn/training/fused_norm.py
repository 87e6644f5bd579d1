"""Instance norm and ReLU as one operation, for training on a CPU, where torch's two take a third of a step."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def fuse_norms(network: nn.Module) -> None:
    """Makes one operation of every instance norm and the ReLU behind it; the names of the weights stay as they are."""
    for module in network.modules():
        match list(module.children()):
            case [_, nn.InstanceNorm2d() as norm, nn.ReLU()] if isinstance(module, nn.Sequential):
                module[1], module[2] = _NormReLU(norm), nn.Identity()


class _NormReLU(nn.Module):
    def __init__(self, norm: nn.InstanceNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """(n, c, n_z, n_x), channels last in memory, to the same."""
        pixels = x.permute(0, 2, 3, 1).flatten(1, 2)
        normalized: Tensor = _Function.apply(pixels, self.weight, self.bias, self.eps)  # type: ignore[no-untyped-call]
        return normalized.view(len(x), *x.shape[2:], -1).permute(0, 3, 1, 2)


class _Function(torch.autograd.Function):
    """max(0, weight * (x - mean) / std + bias) of (n, pixels, c), mean and std over the pixels."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
        mean = x.mean(1, keepdim=True)
        variance = ((x * x).mean(1, keepdim=True) - mean * mean).clamp_(min=0)
        per_std = torch.rsqrt(variance + eps)
        scale = per_std * weight
        y = torch.addcmul(bias - mean * scale, x, scale).relu_()
        ctx.save_for_backward(x, y, mean, per_std, weight)
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, y, mean, per_std, weight = ctx.saved_tensors
        n = x.shape[1]
        gradient = gradients[0] * (y > 0)
        of_bias = gradient.sum(1, keepdim=True)
        of_weight = ((gradient * x).sum(1, keepdim=True) - mean * of_bias) * per_std
        # What each pixel does to the mean and the standard deviation of all comes off its own share.
        scale = per_std * weight
        per_pixel = -scale * per_std * of_weight / n
        constant = -scale * of_bias / n - per_pixel * mean
        of_x = torch.addcmul(torch.addcmul(constant, x, per_pixel), gradient, scale)
        return of_x, of_weight.sum((0, 1)), of_bias.sum((0, 1)), None
