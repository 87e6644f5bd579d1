"""The McGill models of self-supervised super-resolution (Thapliyal): a wavelet network, fitted to one image.

Written from the description of the project's network and slides. Here

- images have one channel, where the project copies grey to three: 665 729 parameters in place of 668 035;
- the perceptual term (VGG19's second convolution) is off without its weights. At its scale, grey 0..255, it is nearly
  flat, so little is lost;
- the whole image, which every fifth crop is, is no more than 128 pixels to a side on a CPU, 640 on a GPU;
- half of the small images are crops made smaller by a cubic without antialiasing, the other half crops as they are; all
  are given noise of 30 grey levels. So it learns to take noise away as much as to sharpen.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.crops import cropped, require_large, turned
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.super_resolution.back_projection import Shrink, shrink_by
from sonolucent.nn.super_resolution.blur_kernels import BlurKernel
from sonolucent.nn.super_resolution.haar import sums, unsums
from sonolucent.nn.super_resolution.perceptual import vgg19
from sonolucent.nn.super_resolution.plateau import PlateauSchedule
from sonolucent.nn.super_resolution.resize import Grey, resize

STEPS = 1500
_RATE, _LEAST_RATE = 1e-3, 1e-8
_CROP, _LEAST_PX = 96, 24
_LARGEST = {"cpu": 128, "cuda": 640}
"""Pixels to a side of what counts as the whole image."""
_WHOLE, _SAME = 0.2, 0.5
"""How often the whole image is the larger one, and the smaller one is no smaller."""
_NOISE = 30.0
"""Standard deviation, in grey levels of 0..255."""
_WHITE = 255.0
_PERCEPTUAL = 10.0
_VGG_LAYERS = 4
_WIDTH = 64


class McGillNet(nn.Module):
    """Adds detail to an enlarged image (n, channels, n_z, n_x), grey 0..255, even sizes; 668 035 parameters for three
    channels, 665 729 for one."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.before, self.within = _block(channels), _block(4 * _WIDTH)
        self.widen = nn.Sequential(_conv(_WIDTH, 4 * _WIDTH), nn.ReLU())
        self.after, self.last = _block(_WIDTH), _conv(_WIDTH, channels)

    def forward(self, enlarged: Tensor) -> Tensor:
        features = self.before(enlarged)
        inverse = unsums(self.widen(self.within(sums(features))))
        result: Tensor = enlarged + self.last(self.after(inverse + features))
        return result


class McGillModel1:
    """See `ImageMethod`. Four times is two times twice, the same weights going on."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "model1" if scale == 2 else f"model1-x{scale}", scale
        self._networks: list[McGillNet] = []

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 1500 steps for each doubling."""
        self._networks = fit_doublings(self.name, images_db, self.scale, fitting, None)

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        return doubled_by(self.name, self._networks, image_db)


def fit_doublings(
    name: str, images_db: Sequence[BMode], scale: int, fitting: Fitting, kernel: BlurKernel | None
) -> list[McGillNet]:
    """A network for every doubling.

    Args:
        name: of the method.
        images_db: to learn from.
        scale: 2 or 4.
        fitting: how much.
        kernel: makes the smaller images; a cubic half of them without.

    Raises:
        FitError: the images are too small, or the checkpoint or the weights of VGG19 are of something else.
    """
    images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
    require_large(images, _LEAST_PX)
    networks: list[McGillNet] = []
    n_parts = scale // 2
    perceptual = vgg19(_VGG_LAYERS, fitting.perceptual, name)
    for part in range(n_parts):
        limits = fitting.part(f"net-{part + 1}", 1 / n_parts)
        network = seeded(McGillNet, fitting.seed, fitting.device)
        if networks:
            network.load_state_dict(networks[-1].state_dict())
        learner = _Learner(network, images, None if kernel is None else shrink_by(kernel), perceptual, limits)
        settings = (name.partition("-")[0], part, fitting.seed, learner.n_steps, perceptual is not None)
        plan = plan_of([*images, *([] if kernel is None else [kernel])], *settings)
        fit(learner, name, learner.n_steps, limits, plan)
        networks.append(network.eval())
        if part + 1 < n_parts:
            images = [_doubled(network, image) for image in images]
    return networks


def doubled_by(name: str, networks: Sequence[McGillNet], image_db: BMode) -> BMode:
    """The image, doubled by each.

    Raises:
        FitError: there is none.
    """
    if not networks:
        raise FitError(f"{name} learns from the image first; call fit")
    image = normalized(image_db, RANGE_DB).astype(np.float32)
    for network in networks:
        image = _doubled(network, image)
    return denormalized(image, RANGE_DB)


class _Learner(NetworkLearner):
    def __init__(
        self,
        network: McGillNet,
        images: list[Grey],
        shrink: Shrink | None,
        perceptual: nn.Sequential | None,
        fitting: Fitting,
    ) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self.network, self._images, self._shrink = network, images, shrink
        self._perceptual = None if perceptual is None else perceptual.to(fitting.device)
        self._device = torch.device(fitting.device)
        self.optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
        self._schedule = PlateauSchedule(self.n_steps, STEPS)

    @property
    def done(self) -> bool:
        return self._schedule.is_over

    def step(self, number: int, rng: np.random.Generator) -> float:
        parent = self._parent(rng)
        child = self._child(parent, rng)
        made, wanted = self.network(_levels(child, self._device)), _levels(parent, self._device)
        error = (made - wanted).abs().mean()
        if self._perceptual is not None:
            error = error + _PERCEPTUAL * (1 - 1 / (1 + self._difference(made, wanted)))
        loss = descend(error, self.optimizer)
        if self._schedule.is_flat(loss):
            for group in self.optimizer.param_groups:
                group["lr"] = max(group["lr"] / 2, _LEAST_RATE)
        return loss

    def state(self) -> dict[str, Any]:
        return {**super().state(), "schedule": self._schedule.state()}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self._schedule.restore(state["schedule"])

    def _parent(self, rng: np.random.Generator) -> Grey:
        image = self._images[int(rng.integers(len(self._images)))]
        size = _LARGEST[self._device.type] if rng.random() < _WHOLE else _CROP
        parent = turned(cropped(image, size, rng), int(rng.integers(8)))
        return parent[: parent.shape[0] // 2 * 2, : parent.shape[1] // 2 * 2]

    def _child(self, parent: Grey, rng: np.random.Generator) -> Grey:
        """As large as the parent, of its resolution or half of it."""
        if self._shrink is not None:
            return resize(_noisy(self._shrink(parent, 2), rng), 2)
        if rng.random() < _SAME:
            return _noisy(parent, rng)
        return resize(_noisy(resize(parent, 0.5, antialias=False), rng), 2)

    def _difference(self, made: Tensor, wanted: Tensor) -> Tensor:
        assert self._perceptual is not None
        seen = [self._perceptual(image.expand(-1, 3, -1, -1)) for image in (made, wanted)]
        return F.mse_loss(*seen)


def _noisy(image: Grey, rng: np.random.Generator) -> Grey:
    noisy = image + _NOISE / _WHITE * rng.standard_normal(image.shape, np.float32)
    return np.asarray(noisy.clip(0, 1), np.float32)


def _doubled(network: McGillNet, image: Grey) -> Grey:
    device = next(network.parameters()).device
    with torch.inference_mode():
        large = network(_levels(resize(image, 2), device))[0, 0].cpu().numpy() / _WHITE
    return np.asarray(large.clip(0, 1), np.float32)


def _levels(image: Grey, device: torch.device) -> Tensor:
    """Grey 0..255, (1, 1, n_z, n_x)."""
    return torch.from_numpy(np.ascontiguousarray(_WHITE * image, np.float32))[None, None].to(device)


def _block(n_in: int) -> nn.Sequential:
    widths = [n_in, *[_WIDTH] * 4]
    pairs = pairwise(widths)
    return nn.Sequential(*(part for a, b in pairs for part in (_conv(a, b), nn.ReLU())))


def _conv(n_in: int, n_out: int) -> nn.Conv2d:
    conv = nn.Conv2d(n_in, n_out, 3, padding=1)
    nn.init.orthogonal_(conv.weight)
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]
    return conv
