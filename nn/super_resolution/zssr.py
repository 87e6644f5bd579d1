"""ZSSR: zero-shot super-resolution (Shocher, Cohen and Irani, CVPR 2018).

A small network learns to undo the shrinking of the image itself, then enlarges the image. Written from the paper.

- Four times is twice two times: the second network begins with the weights of the first and learns from what that made,
  which the paper calls gradual. The result is back-projected on the image that came.
- On a CPU crops are of 64 pixels, not 128: the same time is four times as many steps.
- The schedule of the learning rate is as long as the steps that are wanted, not always for 3000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolucent.nn.crops import cropped, require_large, turned, turned_back
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.super_resolution.back_projection import Shrink, back_projected, shrink_by
from sonolucent.nn.super_resolution.examples_within import gradient_weights, warped_crop
from sonolucent.nn.super_resolution.plateau import SlopeSchedule
from sonolucent.nn.super_resolution.resize import Grey, resize

STEPS = 3000
_RATE, _LEAST_RATE = 1e-3, 9e-6
_CROP = {"cpu": 64, "cuda": 128}
_LEAST_PX = 24
_WIDTH, _LAYERS = 64, 8
_VARIANCE = 0.1


class ZssrNet(nn.Module):
    """Eight convolutions without bias, 222 336 parameters; adds detail to an enlarged image (n, 1, n_z, n_x)."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        widths = [channels, *[_WIDTH] * (_LAYERS - 1), channels]
        convs = [nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in pairwise(widths)]
        for conv in convs:
            nn.init.normal_(conv.weight, std=(_VARIANCE / conv.weight[0].numel()) ** 0.5)
        self.layers = nn.Sequential(*(part for conv in convs for part in (conv, nn.ReLU())))[:-1]

    def forward(self, enlarged: Tensor) -> Tensor:
        result: Tensor = enlarged + self.layers(enlarged)
        return result


@dataclass(frozen=True)
class ZssrSettings:
    """How ZSSR learns and looks.

    Args:
        warps: whether crops are turned, shrunk and sheared.
        views: of the eight that an image has turned and flipped; their median is taken.
        back_projections: of each of them.
        noise: standard deviation of what is added to the small images that it learns from, in grey 0..1.
        eventful: whether errors count as much as there is gradient.
    """

    warps: bool = True
    views: int = 8
    back_projections: int = 10
    noise: float = 0.0
    eventful: bool = False


IDEAL = ZssrSettings()
"""As published for images that were shrunk bicubically."""
KNOWN_KERNEL = ZssrSettings(warps=False, views=1, back_projections=2, eventful=True)
"""As published with a kernel that KernelGAN has found."""


class Zssr:
    """See `ImageMethod`. `kernel` is what images are taken to be shrunk by, two times; bicubic without."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(
        self, scale: int = 2, *, kernel: NDArray[np.floating] | None = None, settings: ZssrSettings = IDEAL
    ) -> None:
        self.name, self.scale = "zssr" if scale == 2 else f"zssr-x{scale}", scale
        self.shrink, self._settings = shrink_by(kernel), settings
        self._kernel = kernel
        self._networks: list[ZssrNet] = []

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 3000 steps for each doubling."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        require_large(images, _LEAST_PX)
        self._networks = []
        n_parts = self.scale // 2
        for part in range(n_parts):
            limits = fitting.part(f"zssr-{part + 1}", 1 / n_parts)
            network = seeded(ZssrNet, fitting.seed, fitting.device)
            if self._networks:
                network.load_state_dict(self._networks[-1].state_dict())
            learner = _Learner(network, images, self.shrink, self._settings, limits)
            settings = (*self._plan(), part, fitting.seed, learner.n_steps)
            fit(learner, "zssr", learner.n_steps, limits, plan_of(images, *settings))
            self._networks.append(network.eval())
            if part + 1 < n_parts:
                images = [self._doubled(image, network) for image in images]

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if not self._networks:
            raise FitError(f"{self.name} learns from the image first; call fit")
        image = normalized(image_db, RANGE_DB).astype(np.float32)
        large = image
        for network in self._networks:
            large = self._doubled(large, network)
        if len(self._networks) > 1:
            large = back_projected(large, image, self.shrink, self._settings.back_projections)
        return denormalized(large.clip(0, 1), RANGE_DB)

    def _plan(self) -> tuple[object, ...]:
        kernel = None if self._kernel is None else np.asarray(self._kernel).tobytes()
        return "zssr", self._settings, kernel

    def _doubled(self, image: Grey, network: ZssrNet) -> Grey:
        """The median of several views, each back-projected, and back-projected itself."""
        n = self._settings.back_projections
        views = []
        for view in range(self._settings.views):
            large = turned_back(_through(network, resize(turned(image, view), 2)), view)
            views.append(back_projected(large, image, self.shrink, n))
        return back_projected(np.median(views, axis=0).astype(np.float32), image, self.shrink, n)


class _Learner(NetworkLearner):
    """One network, learning to double images of which it sees halves."""

    def __init__(
        self, network: ZssrNet, images: list[Grey], shrink: Shrink, settings: ZssrSettings, fitting: Fitting
    ) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self.network, self._images, self._shrink, self._settings = network, images, shrink, settings
        self._device = torch.device(fitting.device)
        self._crop = min(_CROP[self._device.type], *(min(image.shape) for image in images)) // 2 * 2
        self._weights = [gradient_weights(image) for image in images] if settings.eventful else []
        self.optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
        self._schedule = SlopeSchedule(self.n_steps, STEPS)

    @property
    def done(self) -> bool:
        return self._rate < _LEAST_RATE

    def step(self, number: int, rng: np.random.Generator) -> float:
        index = int(rng.integers(len(self._images)))
        father, weights = self._father(index, rng)
        son = self._shrink(father, 2)
        son += self._settings.noise * rng.standard_normal(son.shape, np.float32)
        made = self.network(_tensor(resize(son, 2), self._device))
        loss = descend(
            (_tensor(weights, self._device) * (made - _tensor(father, self._device)).abs()).mean(), self.optimizer
        )
        if self._schedule.is_due(number) and self._schedule.is_flat(number, self._reconstruction_error()):
            self._rate /= 10
        return loss

    def state(self) -> dict[str, Any]:
        return {**super().state(), "schedule": self._schedule.state()}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self._schedule.restore(state["schedule"])

    def _father(self, index: int, rng: np.random.Generator) -> tuple[Grey, Grey]:
        image = self._images[index]
        if self._settings.warps:
            return warped_crop(image, self._crop, rng), np.ones((1, 1), np.float32)
        if not self._weights:
            return cropped(image, self._crop, rng), np.ones((1, 1), np.float32)
        row, column = (int(rng.integers(n - self._crop + 1)) for n in image.shape)
        place = slice(row, row + self._crop), slice(column, column + self._crop)
        return image[place], self._weights[index][place]

    def _reconstruction_error(self) -> float:
        """Mean squared, of the first image from its own half."""
        image = self._images[0][: self._images[0].shape[0] // 2 * 2, : self._images[0].shape[1] // 2 * 2]
        made = _through(self.network, resize(self._shrink(image, 2), 2))
        return float(np.mean((made - image) ** 2))

    @property
    def _rate(self) -> float:
        rate: float = self.optimizer.param_groups[0]["lr"]
        return rate

    @_rate.setter
    def _rate(self, rate: float) -> None:
        self.optimizer.param_groups[0]["lr"] = rate


def _through(network: nn.Module, image: Grey) -> Grey:
    device = next(network.parameters()).device
    with torch.inference_mode():
        return np.asarray(network(_tensor(image, device))[0, 0].cpu().numpy())


def _tensor(image: Grey, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image))[None, None].to(device)
