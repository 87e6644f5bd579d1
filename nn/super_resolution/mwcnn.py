"""MWCNN: a U-Net whose poolings are wavelet transforms (Liu, Zhang, Lian and Zuo, IEEE Access 2019).

It learns from other images of the wanted resolution, not from the one that it enlarges. Its authors took photographs
(DIV2K, patches of 256 pixels in batches of eight, 24.9 million parameters); here it learns from B-mode images, those
that are given or simulated anatomies, and on a CPU from patches of 64 in batches of four. It has learnt from images
that were shrunk bicubically.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.crops import cropped, require_large, turned
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.super_resolution.haar import orthonormal, orthonormal_inverse
from sonolucent.nn.super_resolution.resize import Grey, resize

STEPS = 3000
_RATE = 1.024e-4
_HALVINGS = 5
_PATCH, _BATCH = {"cpu": 64, "cuda": 256}, {"cpu": 4, "cuda": 8}
_LEAST_PX = 32
_STRIDE = 8
_WIDTH = 64


class MwcnnNet(nn.Module):
    """Adds detail to an enlarged image (n, 1, n_z, n_x), sizes that divide by 8; 24 927 809 parameters for one channel.

    Three Haar transforms down, three back, sums in place of skips; convolutions are dilated as the paper's.
    """

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        w = _WIDTH
        self.head = _convs((channels, w))
        self.down_0 = _convs((w, w, 2), (w, w, 1))
        self.down_1 = _convs((4 * w, 2 * w), (2 * w, 2 * w, 2), (2 * w, 2 * w, 1))
        self.down_2 = _convs((8 * w, 4 * w), (4 * w, 4 * w, 2), (4 * w, 4 * w, 1))
        wide = 8 * w
        self.lowest = _convs(
            (16 * w, wide), (wide, wide, 2), (wide, wide, 3), (wide, wide, 3), (wide, wide, 2), (wide, 16 * w)
        )
        self.up_2 = _convs((4 * w, 4 * w, 2), (4 * w, 4 * w, 1), (4 * w, 8 * w))
        self.up_1 = _convs((2 * w, 2 * w, 2), (2 * w, 2 * w, 1), (2 * w, 4 * w))
        self.up_0 = _convs((w, w, 2), (w, w, 1))
        self.tail = nn.Conv2d(w, channels, 3, padding=1)

    def forward(self, enlarged: Tensor) -> Tensor:
        level_0 = self.down_0(self.head(enlarged))
        level_1 = self.down_1(orthonormal(level_0))
        level_2 = self.down_2(orthonormal(level_1))
        x = orthonormal_inverse(self.lowest(orthonormal(level_2))) + level_2
        x = orthonormal_inverse(self.up_2(x)) + level_1
        x = orthonormal_inverse(self.up_1(x)) + level_0
        result: Tensor = enlarged + self.tail(self.up_0(x))
        return result


class Mwcnn:
    """See `ImageMethod`. It learns from others: `fit` takes images of the resolution that is wanted."""

    cost: Cost = "offline"
    learns_from: Literal["others"] = "others"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "mwcnn" if scale == 2 else f"mwcnn-x{scale}", scale
        self._network: MwcnnNet | None = None

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 3000 steps."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        require_large(images, _LEAST_PX)
        learner = _Learner(images, self.scale, fitting)
        fit(learner, self.name, learner.n_steps, fitting, plan_of(images, self.name, fitting.seed, learner.n_steps))
        self._network = learner.network.eval()

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self._network is None:
            raise FitError(f"{self.name} learns from other images first; call fit")
        enlarged = resize(normalized(image_db, RANGE_DB).astype(np.float32), self.scale)
        device = next(self._network.parameters()).device
        n_z, n_x = enlarged.shape
        padded = np.pad(enlarged, [(0, -n % _STRIDE) for n in enlarged.shape], mode="symmetric")
        with torch.inference_mode():
            made = self._network(torch.from_numpy(padded)[None, None].to(device))[0, 0, :n_z, :n_x].cpu().numpy()
        return denormalized(made.clip(0, 1), RANGE_DB)


class _Learner(NetworkLearner):
    network: MwcnnNet

    def __init__(self, images: list[Grey], scale: int, fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._images, self._scale, self._device = images, scale, torch.device(fitting.device)
        smallest = min(min(image.shape) for image in images)
        self._patch = min(_PATCH[self._device.type], smallest) // _STRIDE * _STRIDE
        self.network = seeded(MwcnnNet, fitting.seed, fitting.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE)

    def step(self, number: int, rng: np.random.Generator) -> float:
        halvings = number // max(1, self.n_steps // _HALVINGS)
        self.optimizer.param_groups[0]["lr"] = _RATE / 2**halvings
        wanted = [self._patch_of(rng) for _ in range(_BATCH[self._device.type])]
        given = [resize(resize(patch, 1 / self._scale), self._scale) for patch in wanted]
        made = self.network(self._tensor(given))
        return descend(F.mse_loss(made, self._tensor(wanted)), self.optimizer)

    def _patch_of(self, rng: np.random.Generator) -> Grey:
        image = self._images[int(rng.integers(len(self._images)))]
        return turned(cropped(image, self._patch, rng), int(rng.integers(8)))

    def _tensor(self, patches: list[Grey]) -> Tensor:
        return torch.from_numpy(np.stack(patches)[:, None]).to(self._device)


def _convs(*sides: tuple[int, ...]) -> nn.Sequential:
    """3 x 3 convolutions with ReLU: (in, out) or (in, out, dilation) each."""
    layers: list[nn.Module] = []
    for n_in, n_out, *dilation in sides:
        spread = dilation[0] if dilation else 1
        layers += [nn.Conv2d(n_in, n_out, 3, padding=spread, dilation=spread), nn.ReLU()]
    return nn.Sequential(*layers)
