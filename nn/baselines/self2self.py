"""Self2Self (Quan, Chen, Pang and Ji, CVPR 2020): a network learns one image from random parts of itself.

Pixels are hidden at random and have to be told from the rest; noise that is independent from pixel to pixel cannot be.
Speckle is not: its grain spans several pixels, so that a hidden one is told from its neighbours, speckle and all. The
method stands here as a control.

Two quirks of the published code are left out: partial convolutions that divide by the mask's sum over all channels, and
maps that grow by two pixels a layer and are cropped off centre.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

KEPT = 0.7
"""Share of the pixels that the network sees."""
_DROPOUT = 0.3
_SLOPE = 0.1
_POOLS = 5


class Self2SelfNet(nn.Module):
    """Grey 0..1 of the kept pixels (n, 1, n_z, n_x) and their mask to grey of all; sizes are multiples of 32.

    988 609 parameters. Seven partial convolutions down, five stages with skips up; dropout is always on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(1, 48, 3, padding=1)])
        self.down.extend(nn.Conv2d(48, 48, 3, padding=1) for _ in range(_POOLS + 1))
        widths = [(96, 96, 96), *[(144, 96, 96)] * 3, (97, 64, 32)]
        self.up = nn.ModuleList(nn.ModuleList(_pair(*width)) for width in widths)
        self.head = nn.Conv2d(32, 1, 3, padding=1)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        skips = [image]
        x, mask = self._down(0, image, mask)
        for level in range(1, _POOLS + 1):
            x, mask = self._down(level, x, mask)
            x, mask = F.max_pool2d(x, 2), F.max_pool2d(mask, 2)
            skips.append(x)
        x, _ = self._down(_POOLS + 1, skips.pop(), mask)
        for stage in self.up:
            x = torch.cat([F.interpolate(x, scale_factor=2.0), skips.pop()], dim=1)
            for conv in stage:  # type: ignore[attr-defined]
                x = F.leaky_relu(conv(F.dropout(x, _DROPOUT)), _SLOPE)
        return torch.sigmoid(self.head(F.dropout(x, _DROPOUT)))

    def _down(self, level: int, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x, mask = partial_conv(self.down[level], x, mask)  # type: ignore[arg-type]
        return F.leaky_relu(x, _SLOPE), mask


def partial_conv(conv: nn.Conv2d, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """`conv` of the kept pixels alone, scaled up for those that are missing (Liu et al., ECCV 2018), and its mask.

    The mask is (n, 1, n_z, n_x), of all channels alike; the border counts as missing.
    """
    window = torch.ones(1, 1, *conv.kernel_size)
    n_kept = F.conv2d(mask, window.to(mask), padding=1)
    covered = (n_kept > 0).to(mask)
    scale = covered * window.numel() / n_kept.clamp(min=1)
    return F.conv2d(x * mask, conv.weight, padding=1) * scale + conv.bias[:, None, None] * covered, covered  # type: ignore[index]


def hidden_loss(output: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error over the pixels that the network did not see."""
    hidden = 1 - mask
    return (hidden * (output - image) ** 2).sum() / hidden.sum().clamp(min=1)


def self2self(
    image: NDArray[np.float32],
    *,
    steps: int,
    passes: int = 100,
    learning_rate: float = 1e-4,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> NDArray[np.float32]:
    """Trains on one grey image 0..1 (n_z, n_x) and returns the mean of `passes` random passes through the network.

    The paper takes 150 000 steps, minutes on a GPU and many hours on a CPU.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        padded = _padded(image).to(device)
        network = Self2SelfNet().to(device)
        optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
        for step in range(1, steps + 1):
            loss = _train_step(network, optimizer, padded)
            progress(step, loss)
        with torch.inference_mode():
            mean = torch.stack([_pass(network, padded)[0][0, 0] for _ in range(passes)]).mean(dim=0)
    n_z, n_x = image.shape
    return np.asarray(mean[:n_z, :n_x].cpu().numpy())


def _train_step(network: Self2SelfNet, optimizer: torch.optim.Optimizer, image: Tensor) -> float:
    flips = [axis for axis in (2, 3) if torch.rand(()) < 0.5]
    flipped = image.flip(flips)
    output, mask = _pass(network, flipped)
    loss = hidden_loss(output, flipped, mask)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return loss.item()


def _pass(network: Self2SelfNet, image: Tensor) -> tuple[Tensor, Tensor]:
    mask = (torch.rand_like(image) < KEPT).to(image)
    return network(image * mask, mask), mask


def _padded(image: NDArray[np.float32]) -> Tensor:
    """(1, 1, n_z, n_x), mirrored at the far edges to multiples of 32."""
    stride = 2**_POOLS
    far = [(0, -n % stride) for n in image.shape]
    return torch.from_numpy(np.pad(image.astype(np.float32), far, mode="symmetric"))[None, None]


def _pair(n_in: int, n_middle: int, n_out: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_middle, 3, padding=1), nn.Conv2d(n_middle, n_out, 3, padding=1)]
