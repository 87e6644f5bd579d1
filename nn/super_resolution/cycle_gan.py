"""CycleGAN-US-SISR: ZSSR's pairs, and two generators that undo each other (Liu et al., ICASSP 2021).

One generator sharpens enlarged images, the other blurs sharp ones; each is held to the image's own pairs, to the other
one, and to a discriminator. Only the first is used in the end. The paper leaves open how deep its branches are: here
they have two and three convolutions, 250 943 parameters in all. Two faults of the program are mended, as far as its
description tells of them:

- its blurring generator was linear, for its leaky ReLUs had a slope of one; here it is 0.2;
- its schedule of the learning rate never came to the optimiser; here it does.

The perceptual term (VGG19, up to its fourth block) is off without its weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.crops import require_large, turned, turned_back
from sonolucent.nn.fit_loop import descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.super_resolution.back_projection import back_projected, shrink_by
from sonolucent.nn.super_resolution.examples_within import warped_crop
from sonolucent.nn.super_resolution.perceptual import vgg19
from sonolucent.nn.super_resolution.plateau import SlopeSchedule
from sonolucent.nn.super_resolution.resize import Grey, resize

STEPS = 3000
CROP = 64
"""Pixels to a side; the noise of the blurring generator is a plane of that size."""
_RATE, _LEAST_RATE = 1e-3, 9e-6
_ADVERSARIAL = 0.15
_SLOPE = 0.2
_LATENT, _WIDTH, _JUDGE_WIDTH = 64, 64, 64
_BACK_PROJECTIONS, _VIEWS = 10, 8
_REPLAYED = 50
_VGG_LAYERS, _VGG_PX = 28, 224


class SharpeningGenerator(nn.Module):
    """Enlarged images (n, 1, n_z, n_x), grey 0..1, to sharp ones: three branches, each on top of the encoder of the one
    before, each adding to the image, and a convolution of the three."""

    def __init__(self) -> None:
        super().__init__()
        widths = ((1, 32), (32, 32), (32, 64))
        self.encoders = nn.ModuleList(_leaky((a, b), (b, b)) for a, b in widths)
        self.decoders = nn.ModuleList(
            nn.Sequential(_leaky((b, b), (b, b), (b, b)), nn.Conv2d(b, 1, 3, padding=1)) for _, b in widths
        )
        self.fuse = nn.Conv2d(3, 1, 3, padding=1)
        nn.init.zeros_(self.fuse.bias)  # type: ignore[arg-type]
        with torch.no_grad():  # it begins with the mean of the three
            self.fuse.weight.zero_()[:, :, 1, 1] = 1 / 3

    def forward(self, images: Tensor) -> Tensor:
        features, branches = images, []
        for encode, decode in zip(self.encoders, self.decoders, strict=True):
            features = encode(features)
            branches.append(images + decode(features))
        return torch.tanh(self.fuse(torch.cat(branches, dim=1))).clamp(0, 1)


class BlurringGenerator(nn.Module):
    """Sharp images (n, 1, 64, 64), grey 0..1, and noise (n, 64) to what they would be at lower resolution."""

    def __init__(self) -> None:
        super().__init__()
        self.plane = nn.Linear(_LATENT, CROP * CROP)
        self.layers = nn.Sequential(
            _leaky((2, _WIDTH)), *(_Residual(_WIDTH) for _ in range(4)), nn.Conv2d(_WIDTH, 1, 3, padding=1)
        )

    def forward(self, images: Tensor, noise: Tensor) -> Tensor:
        plane = self.plane(noise).reshape(-1, 1, CROP, CROP)
        added = self.layers(torch.cat([images, plane], dim=1))
        return torch.tanh(images + added).clamp(0, 1)


class PatchDiscriminator(nn.Module):
    """Images (n, 1, 64, 64) to 5 x 5 verdicts, about 1 for real ones."""

    def __init__(self) -> None:
        super().__init__()
        w = _JUDGE_WIDTH
        layers: list[nn.Module] = [nn.Conv2d(1, w, 4, 2, 1), nn.LeakyReLU(_SLOPE)]
        for n_in, n_out, stride in ((w, 2 * w, 2), (2 * w, 4 * w, 2), (4 * w, 8 * w, 1), (8 * w, 8 * w, 1)):
            layers += [nn.Conv2d(n_in, n_out, 4, stride, 1), nn.InstanceNorm2d(n_out), nn.LeakyReLU(_SLOPE)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(8 * w, 1, 4, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.layers(images)
        return result


class CycleGan:
    """See `ImageMethod`."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "cyclegan" if scale == 2 else f"cyclegan-x{scale}", scale
        self._generator: SharpeningGenerator | None = None

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 3000 steps."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        require_large(images, CROP)
        perceptual = vgg19(_VGG_LAYERS, fitting.perceptual, self.name)
        learner = _Learner(images, self.scale, perceptual, fitting)
        settings = (self.name, fitting.seed, learner.n_steps, perceptual is not None)
        fit(learner, self.name, learner.n_steps, fitting, plan_of(images, *settings))
        self._generator = learner.sharpen.eval()

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self._generator is None:
            raise FitError(f"{self.name} learns from the image first; call fit")
        small, shrink = normalized(image_db, RANGE_DB).astype(np.float32), shrink_by(None)
        views = []
        for view in range(_VIEWS):
            large = turned_back(self._sharpened(resize(turned(small, view), self.scale)), view)
            views.append(back_projected(large, small, shrink, _BACK_PROJECTIONS))
        large = back_projected(np.median(views, axis=0).astype(np.float32), small, shrink, _BACK_PROJECTIONS)
        return denormalized(large.clip(0, 1), RANGE_DB)

    def _sharpened(self, enlarged: Grey) -> Grey:
        assert self._generator is not None
        device = next(self._generator.parameters()).device
        with torch.inference_mode():
            return np.asarray(self._generator(_tensor(enlarged, device))[0, 0].cpu().numpy())


class _Learner:
    def __init__(self, images: list[Grey], scale: int, perceptual: nn.Sequential | None, fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._images, self._scale, self._device = images, scale, torch.device(fitting.device)
        self._perceptual = None if perceptual is None else perceptual.to(self._device)
        make = (SharpeningGenerator, BlurringGenerator, PatchDiscriminator, PatchDiscriminator)
        networks = [seeded(kind, fitting.seed + i, fitting.device) for i, kind in enumerate(make)]
        self.sharpen, self._blur, *judges = self._networks = networks
        self._judges = dict(zip(("sharp", "blurred"), judges, strict=True))
        groups = [chain(self.sharpen.parameters(), self._blur.parameters()), *(net.parameters() for net in judges)]
        self._optimizers = [torch.optim.Adam(list(group), lr=_RATE) for group in groups]
        self._replayed: dict[str, list[Tensor]] = {name: [] for name in self._judges}
        self._schedule = SlopeSchedule(self.n_steps, STEPS)

    @property
    def done(self) -> bool:
        rate: float = self._optimizers[0].param_groups[0]["lr"]
        return rate < _LEAST_RATE

    def step(self, number: int, rng: np.random.Generator) -> float:
        image = self._images[int(rng.integers(len(self._images)))]
        sharp = warped_crop(image, CROP, rng)
        blurred = resize(resize(sharp, 1 / self._scale), self._scale)
        high, low = _tensor(sharp, self._device), _tensor(blurred, self._device)
        noise = torch.from_numpy(rng.standard_normal((2, 1, _LATENT), np.float32)).to(self._device)
        for judge in self._judges.values():
            judge.requires_grad_(False)
        made = {"sharp": self.sharpen(low), "blurred": self._blur(high, noise[0])}
        loss = descend(self._generators_loss(high, low, made, noise[1]), self._optimizers[0])
        for optimizer, (name, judge), real in zip(self._optimizers[1:], self._judges.items(), (high, low), strict=True):
            judge.requires_grad_(True)
            fake = self._replay(name, made[name].detach(), rng)
            descend(0.5 * (_squared(judge(real), 1.0) + _squared(judge(fake), 0.0)), optimizer)
        if self._schedule.is_due(number) and self._schedule.is_flat(number, self._reconstruction_error()):
            for optimizer in self._optimizers:
                optimizer.param_groups[0]["lr"] /= 10
        return loss

    def state(self) -> dict[str, Any]:
        return {
            "networks": [network.state_dict() for network in self._networks],
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "replayed": {name: list(images) for name, images in self._replayed.items()},
            "schedule": self._schedule.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        for network, saved in zip(self._networks, state["networks"], strict=True):
            network.load_state_dict(saved)
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._replayed = {name: [image.to(self._device) for image in kept] for name, kept in state["replayed"].items()}
        self._schedule.restore(state["schedule"])

    def _generators_loss(self, high: Tensor, low: Tensor, made: dict[str, Tensor], noise: Tensor) -> Tensor:
        sharp, blurred = made["sharp"], made["blurred"]
        cycles = F.l1_loss(self.sharpen(blurred), high) + F.l1_loss(self._blur(sharp, noise), low)
        pairs = F.l1_loss(sharp, high) + F.l1_loss(blurred, low)
        judged = sum(_squared(judge(made[name]), 1.0) for name, judge in self._judges.items())
        loss: Tensor = cycles + pairs + _ADVERSARIAL * judged
        if self._perceptual is None:
            return loss
        return loss + self._difference(sharp, high) + self._difference(blurred, low)

    def _difference(self, made: Tensor, wanted: Tensor) -> Tensor:
        assert self._perceptual is not None
        size = (_VGG_PX, _VGG_PX)
        seen = [
            self._perceptual(F.interpolate(image, size, mode="bilinear").expand(-1, 3, -1, -1))
            for image in (made, wanted)
        ]
        return F.mse_loss(*seen)

    def _replay(self, name: str, fake: Tensor, rng: np.random.Generator) -> Tensor:
        """What was made, or, half of the time, something made before, which that takes the place of."""
        kept = self._replayed[name]
        if len(kept) < _REPLAYED:
            kept.append(fake)
            return fake
        if rng.random() < 0.5:
            return fake
        index = int(rng.integers(_REPLAYED))
        earlier, kept[index] = kept[index], fake
        return earlier

    def _reconstruction_error(self) -> float:
        image = self._images[0]
        image = image[tuple(slice(n // self._scale * self._scale) for n in image.shape)]
        enlarged = resize(resize(image, 1 / self._scale), self._scale)
        with torch.inference_mode():
            made = self.sharpen(_tensor(enlarged, self._device))[0, 0].cpu().numpy()
        return float(np.mean((made - image) ** 2))


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_leaky((width, width)), nn.Conv2d(width, width, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.layers(x)
        return result


def _leaky(*sides: tuple[int, int]) -> nn.Sequential:
    convs = (nn.Conv2d(a, b, 3, padding=1) for a, b in sides)
    return nn.Sequential(*chain.from_iterable((conv, nn.LeakyReLU(_SLOPE)) for conv in convs))


def _squared(judged: Tensor, wanted: float) -> Tensor:
    return F.mse_loss(judged, torch.full_like(judged, wanted))


def _tensor(image: Grey, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(image))[None, None].to(device)
