"""The U-Net in its two sizes: full for a GPU, light (depth-wise separable, half the width) for a CPU.

Topology: candidates A and L' of Li, Lu and Monkam, "Zero-Shot Learning for Real-Time Ultrasound Image Enhancement".
No data-dependent control flow, so that `torch.jit.script` and `torch.export` both take it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.unet_layout import DEPTH, LAYOUTS, Kind


class UNet(nn.Module):
    """B-mode in grey values 0..1, shape (n, 1, n_z, n_x), to the same, speckle reduced: out = in + head(features).

    Five levels of two 3x3 convolutions, each followed by instance norm and ReLU; average pooling on the way down,
    bilinear up-sampling on the way up. Sizes that do not divide by 16 are mirrored at the far edges and cropped back.
    The head begins at zero, so an untrained network is the identity.

    Args:
        base_channels: channels of the first level; each level down doubles them.
        separable: 3x3 convolutions are depth-wise, followed by point-wise ones.
        bias: convolutions below the head have a bias.
        affine: instance norm has a learned scale and shift.
        depth: levels below the first.

    Raises:
        RuntimeError: (when called) n_z or n_x is smaller than `MIN_SIZE`.
    """

    def __init__(
        self, base_channels: int, *, separable: bool, bias: bool, affine: bool = True, depth: int = DEPTH
    ) -> None:
        super().__init__()

        def conv(n_in: int, n_out: int) -> nn.Module:
            return nn.Sequential(
                _separable_conv(n_in, n_out, bias) if separable else nn.Conv2d(n_in, n_out, 3, padding=1, bias=bias),
                nn.InstanceNorm2d(n_out, affine=affine),
                nn.ReLU(inplace=True),
            )

        def block(n_in: int, n_out: int) -> nn.Module:
            return nn.Sequential(conv(n_in, n_out), conv(n_out, n_out))

        self.separable = separable
        self.stride = 2**depth
        widths = [base_channels * 2**level for level in range(depth + 1)]
        self.first = block(1, widths[0])
        self.down = nn.ModuleList(block(c, 2 * c) for c in widths[:-1])
        self.up = nn.ModuleList(conv(2 * c, c) for c in reversed(widths[:-1]))
        self.merge = nn.ModuleList(block(2 * c, c) for c in reversed(widths[:-1]))
        self.head = nn.Conv2d(base_channels, 1, 1)
        for parameter in self.head.parameters():
            nn.init.zeros_(parameter)

    def forward(self, image: Tensor) -> Tensor:
        n_z, n_x = image.shape[-2], image.shape[-1]
        x = self.first(F.pad(image, (0, -n_x % self.stride, 0, -n_z % self.stride), mode="reflect"))
        skips = [x]
        for down in self.down:
            x = down(F.avg_pool2d(x, 2))
            skips.append(x)
        x = skips.pop()
        for up, merge in zip(self.up, self.merge):  # noqa: B905  TorchScript knows no strict=
            x = up(F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False))
            x = merge(torch.cat([x, skips.pop()], dim=1))
        residual: Tensor = self.head(x)
        return image + residual[..., :n_z, :n_x]


class FullUNet(UNet):
    """16 to 256 channels, 2 160 129 parameters (8.24 MiB); 9.9 GMAC for a 620 x 256 image."""

    def __init__(self) -> None:
        super().__init__(**LAYOUTS["full"]._asdict())


class LightUNet(UNet):
    """8 to 128 channels, depth-wise separable, 72 179 parameters (0.275 MiB); 0.4 GMAC for a 620 x 256 image."""

    def __init__(self) -> None:
        super().__init__(**LAYOUTS["light"]._asdict())


NETWORKS: dict[Kind, type[FullUNet | LightUNet]] = {"full": FullUNet, "light": LightUNet}
"""By kind."""


def _separable_conv(n_in: int, n_out: int, bias: bool) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(n_in, n_in, 3, padding=1, groups=n_in, bias=bias),
        nn.Conv2d(n_in, n_out, 1, bias=bias),
    )
