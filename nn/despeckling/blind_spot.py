"""Blind-spot methods: a network tells hidden pixels from those around them (Noise2Void, Noise2Self).

Noise that is independent from pixel to pixel cannot be told so, and goes. Speckle can: its grain spans several pixels,
so that a hidden one is told speckle and all. These methods stand here as controls, which show that.

Noise2Void (Krull, Buchholz and Jug, CVPR 2019) hides some 1.5 % of the pixels behind others of their neighbourhood, and
counts absolute errors there. Noise2Self (Batson and Royer, ICML 2019) hides one pixel in 4 x 4 behind the mean of its
eight neighbours, and counts squared errors; each pixel of what it makes comes of the pass that hid it. Both have the
U-Net and the patches of Noise2Void's own program here: depth 2, 5 x 5 kernels, batch norm, Adam at 4e-4, 16 patches of
64 x 64 (4 on a CPU) for 40 000 steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolucent.nn.crops import Grey, cropped, require_large, turned
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import RANGE_DB, Cost, FitError, Fitting
from sonolucent.nn.images import BMode, denormalized, normalized

PUBLISHED_STEPS = 40_000
STEPS = 1000
"""By default: some minutes on a core, where the published number takes hours."""
GRID = 4
"""Noise2Self hides one pixel in so many rows and columns."""
_RATE = 4e-4
_PATCH, _BATCH = 64, {"cpu": 4, "cuda": 16}
_LEAST_PX = 32
_STRIDE = 4
_WIDTH, _KERNEL = 32, 5
_SHARE, _RADIUS = 0.015, 5
_NEIGHBOURS = torch.tensor([[0.5, 1.0, 0.5], [1.0, 0.0, 1.0], [0.5, 1.0, 0.5]])[None, None] / 6

Hide = Callable[[Tensor, np.random.Generator], tuple[Tensor, Tensor]]
"""Patches (n, 1, n_z, n_x) to the same with hidden pixels, and the mask of those."""


class BlindSpotNet(nn.Module):
    """Grey (n, 1, n_z, n_x), sizes that divide by 4, to grey: a U-Net of two levels below the first."""

    def __init__(self) -> None:
        super().__init__()
        w = _WIDTH
        self.first, self.second = _convs(1, w, w), _convs(w, 2 * w, 2 * w)
        self.lowest = _convs(2 * w, 4 * w, 2 * w)
        self.up_second, self.up_first = _convs(4 * w, 2 * w, w), _convs(2 * w, w, w)
        self.head = nn.Conv2d(w, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        first = self.first(image)
        second = self.second(F.max_pool2d(first, 2))
        x = self.lowest(F.max_pool2d(second, 2))
        x = self.up_second(torch.cat([F.interpolate(x, scale_factor=2.0), second], dim=1))
        x = self.up_first(torch.cat([F.interpolate(x, scale_factor=2.0), first], dim=1))
        result: Tensor = self.head(x)
        return result


@dataclass(frozen=True)
class Blindness:
    """What makes one of the methods.

    Args:
        hide: which pixels, and behind what.
        error: of hidden pixels.
        enhance: makes an image (1, 1, n_z, n_x) of a noisy one, with a network that has learnt.
    """

    hide: Hide
    error: Callable[[Tensor, Tensor], Tensor]
    enhance: Callable[[nn.Module, Tensor], Tensor]


class Standard(NamedTuple):
    """The scale on which images have mean 0 and standard deviation 1, as the network sees them."""

    mean: float
    deviation: float

    @classmethod
    def of(cls, images: Sequence[Grey]) -> Standard:
        """That of all pixels of some images."""
        pixels = np.concatenate([image.ravel() for image in images])
        return cls(float(pixels.mean()), max(float(pixels.std()), 1e-6))

    def there(self, image: Grey) -> Grey:
        """On that scale."""
        return (image - np.float32(self.mean)) / np.float32(self.deviation)

    def back(self, image: Grey) -> Grey:
        """From that scale."""
        return image * np.float32(self.deviation) + np.float32(self.mean)


def behind_others(patches: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Noise2Void's: some pixels show what another within 5 rows and columns does, or they themselves."""
    hidden = rng.random(patches.shape) < _SHARE
    picture, _, row, column = np.nonzero(hidden)
    away = rng.integers(-_RADIUS, _RADIUS + 1, (2, len(row)))
    rows, columns = (
        (place + by).clip(0, n - 1) for place, by, n in zip((row, column), away, patches.shape[2:], strict=True)
    )
    given = patches.clone()
    given[picture, 0, row, column] = patches[picture, 0, rows, columns]
    return given, torch.from_numpy(hidden).to(patches)


def behind_the_mean(patches: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Noise2Self's: one pixel in 4 x 4 shows the mean of its neighbours."""
    mask = _grid_mask(patches, int(rng.integers(GRID**2)))
    return _filled(patches, mask), mask


def seen_by_all(network: nn.Module, image: Tensor) -> Tensor:
    """One pass with every pixel in sight, as Noise2Void is used."""
    made: Tensor = network(image)
    return made


def seen_by_none(network: nn.Module, image: Tensor) -> Tensor:
    """Each pixel of the pass that does not see it, as Noise2Self is used: it does not change where it alone changes."""
    made = torch.zeros_like(image)
    for phase in range(GRID**2):
        mask = _grid_mask(image, phase)
        made += mask * network(_filled(image, mask))
    return made


NOISE2VOID = Blindness(behind_others, F.l1_loss, seen_by_all)
NOISE2SELF = Blindness(behind_the_mean, F.mse_loss, seen_by_none)


def noise2void(scale: int = 1) -> BlindSpot:
    """A new one, not fitted yet."""
    return BlindSpot("noise2void", NOISE2VOID, scale)


def noise2self(scale: int = 1) -> BlindSpot:
    """A new one, not fitted yet."""
    return BlindSpot("noise2self", NOISE2SELF, scale)


class BlindSpot:
    """See `ImageMethod`. It learns from the image itself."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, name: str, blindness: Blindness, scale: int = 1) -> None:
        self.name, self.scale, self._blindness = name, scale, blindness
        self._network: BlindSpotNet | None = None
        self._standard = Standard(0.0, 1.0)

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 1000 steps by default."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        require_large(images, _LEAST_PX)
        self._standard = Standard.of(images)
        learner = _Learner([self._standard.there(image) for image in images], self._blindness, fitting)
        fit(learner, self.name, learner.n_steps, fitting, plan_of(images, self.name, fitting.seed, learner.n_steps))
        self._network = learner.network.eval()

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self._network is None:
            raise FitError(f"{self.name} learns from the image first; call fit")
        n_z, n_x = image_db.shape
        far = [(0, -n % _STRIDE) for n in image_db.shape]
        grey = normalized(image_db, RANGE_DB).astype(np.float32)
        padded = np.pad(self._standard.there(grey), far, mode="symmetric")
        image = torch.from_numpy(padded)[None, None].to(next(self._network.parameters()).device)
        with torch.inference_mode():
            made = self._blindness.enhance(self._network, image)[0, 0, :n_z, :n_x].cpu().numpy()
        return denormalized(self._standard.back(made).clip(0, 1), RANGE_DB)


class _Learner(NetworkLearner):
    network: BlindSpotNet

    def __init__(self, images: list[Grey], blindness: Blindness, fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._images, self._blindness, self._device = images, blindness, torch.device(fitting.device)
        self._patch = min(_PATCH, *(min(image.shape) for image in images)) // _STRIDE * _STRIDE
        self.network = seeded(BlindSpotNet, fitting.seed, fitting.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE)

    def step(self, number: int, rng: np.random.Generator) -> float:
        patches = torch.from_numpy(np.stack([self._patch_of(rng) for _ in range(_BATCH[self._device.type])])[:, None])
        given, mask = self._blindness.hide(patches, rng)
        hidden = mask.to(self._device) > 0
        made = self.network(given.to(self._device))
        return descend(self._blindness.error(made[hidden], patches.to(self._device)[hidden]), self.optimizer)

    def _patch_of(self, rng: np.random.Generator) -> Grey:
        image = self._images[int(rng.integers(len(self._images)))]
        return turned(cropped(image, self._patch, rng), int(rng.integers(8)))


def _grid_mask(image: Tensor, phase: int) -> Tensor:
    mask = torch.zeros_like(image)
    mask[..., phase // GRID :: GRID, phase % GRID :: GRID] = 1
    return mask


def _filled(image: Tensor, mask: Tensor) -> Tensor:
    """Hidden pixels show the mean of their neighbours; none of those is hidden."""
    mean = F.conv2d(F.pad(image, (1, 1, 1, 1), mode="reflect"), _NEIGHBOURS.to(image))
    return torch.where(mask > 0, mean, image)


def _convs(n_in: int, *widths: int) -> nn.Sequential:
    """5 x 5 convolutions, each with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for n_out in widths:
        layers += [nn.Conv2d(n_in, n_out, _KERNEL, padding=_KERNEL // 2), nn.BatchNorm2d(n_out), nn.ReLU()]
        n_in = n_out
    return nn.Sequential(*layers)
