"""KernelGAN (Bell-Kligler, Shocher and Irani, NeurIPS 2019): the kernel that an image was shrunk by, from itself.

A linear network shrinks crops so that a discriminator cannot tell them from crops of the image; the network is the
kernel then. Written from the paper, for grey images, which need no map of colours. With fewer steps than 3000 all its
schedules are shorter in proportion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from sonolucent.nn.crops import require_large
from sonolucent.nn.fit_loop import descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, normalized
from sonolucent.nn.super_resolution.blur_kernels import SIZE, BlurKernel, bicubic_kernel, cleaned
from sonolucent.nn.super_resolution.examples_within import EventfulCrops
from sonolucent.nn.super_resolution.resize import Grey, centre_of
from sonolucent.nn.super_resolution.zssr import KNOWN_KERNEL, Zssr

STEPS = 3000
_KERNELS = (7, 5, 3, 1, 1, 1)
_WIDTH = 64
_NOISE = 1 / 255
"""Of what the discriminator sees, -1..1."""
_RATE, _BETAS = 2e-4, (0.5, 0.999)
_RATE_FALLS_EVERY, _BICUBIC_FALLS_EVERY = 750, 200
_BICUBIC, _LEAST_BICUBIC, _BICUBIC_FALL = 5.0, 5e-6, 100.0
_NEAR_BICUBIC, _CHECKS = 0.4, 3
_SUM, _BOUNDARY, _CENTRE, _SPARSE = 0.5, 0.5, 1.0, 5.0
_SHAPED_BELOW = 5e-3
"""Weight of the bicubic term below which those of centre and sparsity begin."""
_OUTSIDE = 30.0
_SMALL = 0.5
"""Of the usual weights to begin with. At one, the kernel begins as noise, which stays where images have no detail to
learn it away by: a known kernel was found with a correlation of .70 in 3000 steps, and of .94 in 600 with a half."""


class KernelGenerator(nn.Module):
    """A linear network that halves images (n, 1, n_z, n_x), 13 pixels to a side of its kernel; 150 656 parameters."""

    def __init__(self, spectral: bool = False) -> None:
        super().__init__()
        widths = [1, *[_WIDTH] * (len(_KERNELS) - 1), 1]
        strides = [1] * (len(_KERNELS) - 1) + [2]
        sides = zip(widths, widths[1:], _KERNELS, strides, strict=False)
        convs = [nn.Conv2d(a, b, size, stride, bias=False) for a, b, size, stride in sides]
        for conv in convs:
            nn.init.xavier_normal_(conv.weight, _SMALL)
        self.layers = nn.Sequential(*(spectral_norm(conv) if spectral else conv for conv in convs))

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.layers(images)
        return result

    def kernel(self) -> Tensor:
        """What one pixel of its output sums its input by, (13, 13)."""
        device = next(self.parameters()).device
        response = F.pad(torch.ones(1, 1, 1, 1, device=device), [SIZE - 1] * 4)
        for conv in self.layers:
            response = F.conv2d(response, conv.weight)  # type: ignore[arg-type]
        return response[0, 0].flip(0, 1)


class Discriminator(nn.Module):
    """For every 7 x 7 pixels of an image (n, 1, n_z, n_x), whether they are of the image, 0..1."""

    def __init__(self) -> None:
        super().__init__()
        first: list[nn.Module] = [spectral_norm(nn.Conv2d(1, _WIDTH, 7))]
        for _ in range(5):
            first += [spectral_norm(nn.Conv2d(_WIDTH, _WIDTH, 1)), nn.BatchNorm2d(_WIDTH), nn.ReLU()]
        self.layers = nn.Sequential(*first, spectral_norm(nn.Conv2d(_WIDTH, 1, 1)), nn.Sigmoid())

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.layers(images)
        return result


@dataclass(frozen=True)
class Adversary:
    """How generator and discriminator are set against each other.

    Args:
        loss: of the discriminator's map and what it should be everywhere.
        shaped: whether the kernel is held to what kernels look like, and at first to the bicubic one.
        spectral: whether the generator's weights are normalised as the discriminator's are.
        crop: pixels to a side of what the generator sees.
        noise: standard deviation of what is added to that, in grey 0..1.
    """

    loss: Callable[[Tensor, Tensor], Tensor] = F.l1_loss
    shaped: bool = True
    spectral: bool = False
    crop: int = 64
    noise: float = 0.0


KERNEL_GAN = Adversary()


def found_kernel(
    images: Sequence[Grey], fitting: Fitting, adversary: Adversary = KERNEL_GAN, what: str = "kernelgan"
) -> BlurKernel:
    """The kernel for two that images of one kind were shrunk by, `cleaned`.

    Args:
        images: grey 0..1 (n_z, n_x), at least as large as the adversary's crops.
        fitting: how much may be learnt.
        adversary: in which way.
        what: is told to `progress`.

    Raises:
        FitError: an image is too small, or the checkpoint is of another fit.
    """
    require_large(images, adversary.crop)
    learner = KernelLearner(images, adversary, fitting)
    plan = plan_of(images, what, fitting.seed, learner.n_steps)
    fit(learner, what, learner.n_steps, fitting, plan)
    return cleaned(learner.kernel())


class KernelGan:
    """See `ImageMethod`: ZSSR, with the kernel that KernelGAN finds."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "kernelgan" if scale == 2 else f"kernelgan-x{scale}", scale
        self.kernel: BlurKernel | None = None
        self._zssr: Zssr | None = None

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 3000 steps for the kernel, and ZSSR's."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        self.kernel = found_kernel(images, fitting.part("kernel", 0.5))
        self._zssr = Zssr(self.scale, kernel=self.kernel, settings=KNOWN_KERNEL)
        self._zssr.fit(images_db, fitting.part("known", 0.5))

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self._zssr is None:
            raise FitError(f"{self.name} learns from the image first; call fit")
        return self._zssr(image_db)


class KernelLearner:
    """Generator and discriminator of one image or several; a `Learner`."""

    def __init__(self, images: Sequence[Grey], adversary: Adversary, fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._how, self._images, self._device = adversary, images, torch.device(fitting.device)
        self.generator = seeded(KernelGenerator, fitting.seed, fitting.device, adversary.spectral)
        self._discriminator = seeded(Discriminator, fitting.seed + 1, fitting.device)
        self._shown = (adversary.crop - SIZE) // 2 + 1
        self._large = [EventfulCrops(image, adversary.crop) for image in images]
        self._small = [EventfulCrops(image, self._shown) for image in images]
        networks = (self.generator, self._discriminator)
        self._optimizers = [torch.optim.Adam(net.parameters(), lr=_RATE, betas=_BETAS) for net in networks]
        self._bicubic = torch.from_numpy(bicubic_kernel().astype(np.float32))[None, None].to(self._device)
        self._weight, self._near, self._annealing_since = _BICUBIC, 0, -1

    @property
    def done(self) -> bool:
        return False

    def kernel(self) -> BlurKernel:
        """The generator's, as it is."""
        with torch.no_grad():
            return np.asarray(self.generator.kernel().cpu().numpy(), np.float64)

    def step(self, number: int, rng: np.random.Generator) -> float:
        index = int(rng.integers(len(self._images)))
        crop, real = (self._crop(crops[index], index, rng) for crops in (self._large, self._small))
        crop = crop + 2 * self._how.noise * self._normal(crop, rng)
        self._set_rates(number)
        self._discriminator.requires_grad_(False)
        made = self.generator(crop)
        shape = self._shape_loss(crop, made, number) if self._how.shaped else 0.0
        loss = descend(self._judged(made, 1.0) + shape, self._optimizers[0])
        self._discriminator.requires_grad_(True)
        fake = made.detach() + _NOISE * self._normal(made, rng)
        real = real + _NOISE * self._normal(real, rng)
        descend(0.5 * (self._judged(real, 1.0) + self._judged(fake, 0.0)), self._optimizers[1])
        return loss

    def state(self) -> dict[str, Any]:
        return {
            "networks": [self.generator.state_dict(), self._discriminator.state_dict()],
            "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
            "bicubic": [self._weight, self._near, self._annealing_since],
        }

    def restore(self, state: dict[str, Any]) -> None:
        for network, saved in zip((self.generator, self._discriminator), state["networks"], strict=True):
            network.load_state_dict(saved)
        for optimizer, saved in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self._weight, self._near, self._annealing_since = state["bicubic"]

    def _shape_loss(self, crop: Tensor, made: Tensor, number: int) -> Tensor:
        bicubic = F.mse_loss(made, F.conv2d(crop, self._bicubic, stride=2))
        self._anneal(_BICUBIC * bicubic.item(), number)
        return self._weight * bicubic + kernel_loss(self.generator.kernel(), shaped=self._weight < _SHAPED_BELOW)

    def _anneal(self, loss: float, number: int) -> None:
        """The bicubic term fades once it has been small three times on end."""
        self._near = self._near + 1 if loss < _NEAR_BICUBIC else 0
        if self._annealing_since < 0 and self._near >= _CHECKS:
            self._annealing_since = number
        since = number - self._annealing_since
        if self._annealing_since >= 0 and since > 0 and since % self._scaled(_BICUBIC_FALLS_EVERY) == 0:
            self._weight = max(self._weight / _BICUBIC_FALL, _LEAST_BICUBIC)

    def _set_rates(self, number: int) -> None:
        rate = _RATE / 10 ** (number // self._scaled(_RATE_FALLS_EVERY))
        for optimizer in self._optimizers:
            optimizer.param_groups[0]["lr"] = rate

    def _scaled(self, steps: int) -> int:
        return max(1, round(steps * min(1.0, self.n_steps / STEPS)))

    def _judged(self, images: Tensor, wanted: float) -> Tensor:
        judged = self._discriminator(images)
        return self._how.loss(judged, torch.full_like(judged, wanted))

    def _crop(self, crops: EventfulCrops, index: int, rng: np.random.Generator) -> Tensor:
        crop = np.ascontiguousarray(self._images[index][crops.draw(rng)])
        return torch.from_numpy(2 * crop - 1)[None, None].to(self._device)

    def _normal(self, like: Tensor, rng: np.random.Generator) -> Tensor:
        return torch.from_numpy(rng.standard_normal(tuple(like.shape), np.float32)).to(like)


def kernel_loss(kernel: Tensor, *, shaped: bool) -> Tensor:
    """How far a kernel is from summing to one and from fading towards its border and, where `shaped`, from lying in the
    middle and from being sparse."""
    total = kernel.sum()
    loss = _SUM * (1 - total).abs() + _BOUNDARY * (kernel * _outside(kernel)).abs().mean()
    if not shaped:
        return loss
    places = torch.arange(kernel.shape[0]).to(kernel)
    centre = torch.stack([(places[:, None] * kernel).sum(), (places * kernel).sum()]) / total
    middle = centre_of(kernel.shape[0], 2)
    return loss + _CENTRE * ((centre - middle) ** 2).mean() + _SPARSE * (kernel.abs() ** 0.2).mean()


def _outside(kernel: Tensor) -> Tensor:
    """A wide Gaussian off 30, of all but the middle."""
    size = kernel.shape[0]
    places = torch.arange(size).to(kernel) - (size - 1) / 2
    line = torch.exp(-0.5 * (places / size) ** 2)
    mask = _OUTSIDE * (1 - line[:, None] * line)
    margin = (size - (size // 2 + size % 2)) // 2 - 1
    inside = slice(margin, size - margin)
    mask[inside, inside] = 0
    return mask
