"""Self2Self (Quan, Chen, Pang and Ji, CVPR 2020): a network learns one image from random parts of itself.

Pixels are hidden at random and have to be told from the rest; noise that is independent from pixel to pixel cannot be.
Speckle is not: its grain spans several pixels, so that a hidden one is told from its neighbours, speckle and all. The
method stands here as a control.

Two quirks of the published code are left out: partial convolutions that divide by the mask's sum over all channels, and
maps that grow by two pixels a layer and are cropped off centre. On a CPU it learns from crops of 96 x 96, not from the
whole image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.crops import Grey, cropped, require_large
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized

PUBLISHED_STEPS = 150_000
STEPS = 2000
"""By default: some minutes on a core, where the published number takes most of a day."""
KEPT = 0.7
"""Share of the pixels that the network sees."""
_PASSES = 100
_RATE = 1e-4
_CROP = {"cpu": 96, "cuda": 2048}
_LEAST_PX = 32
_DROPOUT = 0.3
_SLOPE = 0.1
_POOLS = 5
_STRIDE = 2**_POOLS


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


class Self2Self:
    """See `ImageMethod`. What it makes is the mean of 100 passes, each of other pixels and other weights."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, scale: int = 1) -> None:
        self.name, self.scale = "self2self", scale
        self._network: Self2SelfNet | None = None
        self._seed, self._passes = 0, _PASSES

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 2000 steps by default, of the 150 000 of its authors."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        require_large(images, _LEAST_PX)
        learner = _Learner(images, fitting)
        fit(learner, self.name, learner.n_steps, fitting, plan_of(images, self.name, fitting.seed, learner.n_steps))
        # Of fewer steps than passes nothing has been learnt that so many would bring out.
        self._network, self._seed, self._passes = learner.network, fitting.seed, min(_PASSES, learner.n_steps)

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self._network is None:
            raise FitError(f"{self.name} learns from the image first; call fit")
        grey = normalized(image_db, RANGE_DB).astype(np.float32)
        return denormalized(mean_of_passes(self._network, grey, self._passes, self._seed).clip(0, 1), RANGE_DB)


def mean_of_passes(network: Self2SelfNet, image: Grey, passes: int, seed: int) -> Grey:
    """The mean of so many random passes of a grey image (n_z, n_x) through the network."""
    n_z, n_x = image.shape
    device = next(network.parameters()).device
    padded = torch.from_numpy(_padded(image))[None, None].to(device)
    with drawn_from(np.random.default_rng(seed)), torch.inference_mode():
        total = torch.stack([random_pass(network, padded)[0][0, 0] for _ in range(passes)]).mean(dim=0)
    return np.asarray(total[:n_z, :n_x].cpu().numpy())


def random_pass(network: nn.Module, image: Tensor) -> tuple[Tensor, Tensor]:
    """What the network makes of some of the pixels of an image (n, 1, n_z, n_x), and their mask."""
    mask = (torch.rand_like(image) < KEPT).to(image)
    return network(image * mask, mask), mask


@contextmanager
def drawn_from(rng: np.random.Generator) -> Iterator[None]:
    """Within, torch draws what this generator says."""
    with torch.random.fork_rng():
        torch.manual_seed(int(rng.integers(2**62)))
        yield


class _Learner(NetworkLearner):
    network: Self2SelfNet

    def __init__(self, images: list[Grey], fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._images, self._device = [_padded(image) for image in images], torch.device(fitting.device)
        self.network = seeded(Self2SelfNet, fitting.seed, fitting.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE)

    def step(self, number: int, rng: np.random.Generator) -> float:
        crop = cropped(self._images[int(rng.integers(len(self._images)))], _CROP[self._device.type], rng)
        flipped = tuple(axis for axis in (0, 1) if rng.random() < 0.5)
        image = torch.from_numpy(np.flip(crop, flipped).copy())[None, None].to(self._device)
        with drawn_from(rng):
            output, mask = random_pass(self.network, image)
            return descend(hidden_loss(output, image, mask), self.optimizer)


def _padded(image: Grey) -> Grey:
    """Mirrored at the far edges to multiples of 32."""
    return np.pad(image, [(0, -n % _STRIDE) for n in image.shape], mode="symmetric")


def _pair(n_in: int, n_middle: int, n_out: int) -> list[nn.Module]:
    return [nn.Conv2d(n_in, n_middle, 3, padding=1), nn.Conv2d(n_middle, n_out, 3, padding=1)]
