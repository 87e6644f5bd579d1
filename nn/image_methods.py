"""Methods that learn from images alone: one protocol, and their names.

A method enlarges an image or leaves its size. It may have to be fitted first, to the very image or to others of its
kind. What takes minutes an image is `offline`: commands for files offer it, and a live stream refuses it.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.images import BMode

Cost = Literal["live", "offline"]
"""Whether an image takes milliseconds, or tenths of a second to minutes."""
RANGE_DB = 60.0
"""Of the images that methods take."""
FitProgress = Callable[[str, int, int, float], None]
"""Called after each step of a fit with what is being fitted, the step's number from 1, how many there are, the loss."""
LIVE_INSTEAD = "the light network that `sonolucent distill {teacher} --data FILES --out MODEL` teaches to do the same"
"""What there is for a live stream in place of an offline method."""


def untold(what: str, step: int, steps: int, loss: float) -> None:
    """Tells nobody."""


class FitError(ValueError):
    """A method cannot be fitted; the message says what is wrong with the images, the options or the checkpoint."""


@dataclass(frozen=True)
class Fitting:
    """How much a method may learn, and with what.

    Args:
        seconds: of fitting, over all that is fitted, those before a kill among them; None for no limit.
        steps: of each part that is fitted; by default what its authors published. Schedules shrink with them.
        seed: of weights and of all that is drawn.
        device: "cpu", "cuda" or "cuda:N".
        checkpoint: a file that keeps the state: a fit that was killed goes on from it, and one that is done is read.
        perceptual: the weights of VGG19, as torchvision names them, for methods that have a term of it; without, it is
            left out.
        progress: told of every step.
    """

    seconds: float | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "cpu"
    checkpoint: Path | None = None
    perceptual: Path | None = None
    progress: FitProgress = untold

    def part(self, name: str, share: float = 1.0) -> Fitting:
        """The same for one of several parts of a method: a share of the time, and a checkpoint of its own."""
        seconds = None if self.seconds is None else share * self.seconds
        file = self.checkpoint
        return replace(self, seconds=seconds, checkpoint=file and file.with_name(f"{file.name}.{name}"))


class ImageMethod(Protocol):
    """An enhancement of B-mode images.

    Attributes:
        name: as it is asked for.
        scale: rows and columns of what it makes over those of what it takes: 1, 2 or 4.
        cost: whether it may stand in a live stream.
        learns_from: "nothing"; "the image" that it is to enhance; or "others" of the wanted resolution.
    """

    name: str
    scale: int
    cost: Cost
    learns_from: Literal["nothing", "the image", "others"]

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """Learns from images (n_z, n_x) in dB, float32 in [-60, 0].

        Raises:
            FitError: the images are too small, or the checkpoint is of another fit.
        """

    def __call__(self, image_db: BMode) -> BMode:
        """The enhanced image, (scale * n_z, scale * n_x), float32 in [-60, 0] dB.

        Raises:
            FitError: it has to be fitted first.
        """


@dataclass(frozen=True)
class OfflineMethod:
    """Of a method that is found by name.

    Args:
        make: "module:function" that makes it, given a scale.
        scales: that it can have, the default first.
        summary: what it is, in a few words.
    """

    make: str
    scales: tuple[int, ...]
    summary: str


_SR, _D = "sonolucent.nn.super_resolution", "sonolucent.nn.despeckling"
OFFLINE_METHODS: dict[str, OfflineMethod] = {
    "bicubic": OfflineMethod(f"{_SR}.bicubic:Bicubic", (2, 4), "interpolation, to hold the others against"),
    "zssr": OfflineMethod(f"{_SR}.zssr:Zssr", (2, 4), "learns to undo the shrinking of the image itself"),
    "kernelgan": OfflineMethod(f"{_SR}.kernel_gan:KernelGan", (2, 4), "finds the image's blur, then as zssr"),
    "model1": OfflineMethod(f"{_SR}.mcgill:McGillModel1", (2, 4), "wavelet network, sharpens and takes noise away"),
    "model2": OfflineMethod(f"{_SR}.mcgill_kernel:McGillModel2", (2, 4), "finds the image's blur, then as model1"),
    "mwcnn": OfflineMethod(f"{_SR}.mwcnn:Mwcnn", (2, 4), "wavelet U-Net, learns from other images"),
    "cyclegan": OfflineMethod(f"{_SR}.cycle_gan:CycleGan", (2, 4), "two generators that undo each other"),
    "speckle2self": OfflineMethod(f"{_D}.speckle2self:Speckle2Self", (1,), "despeckles; learns from other images"),
    "self2self": OfflineMethod(f"{_D}.self2self:Self2Self", (1,), "tells hidden pixels from the rest of the image"),
    "noise2void": OfflineMethod(f"{_D}.blind_spot:noise2void", (1,), "tells hidden pixels from their surroundings"),
    "noise2self": OfflineMethod(f"{_D}.blind_spot:noise2self", (1,), "as noise2void, and sees no pixel that it makes"),
}
"""By the names that `sonolucent enhance --method` takes, with -xN for another scale than the first."""


def offline_names() -> tuple[str, ...]:
    """Every name with every scale that it can have."""
    return tuple(_word(name, scale, method) for name, method in OFFLINE_METHODS.items() for scale in method.scales)


def is_offline(word: str) -> bool:
    """Whether this names an offline method, with or without its scale."""
    return _parsed(word) is not None


def offline_method(word: str) -> ImageMethod:
    """A new method of that name, such as "zssr" or "zssr-x4", not fitted yet.

    Raises:
        ValueError: there is none.
    """
    found = _parsed(word)
    if found is None:
        raise ValueError(f"no method {word!r}; there are {', '.join(offline_names())}")
    name, scale = found
    module, _, function = OFFLINE_METHODS[name].make.partition(":")
    method: ImageMethod = getattr(importlib.import_module(module), function)(scale)
    return method


def not_live(word: str) -> str:
    """Why a live stream does not take it, and what there is instead, in a sentence."""
    return (
        f"{word} takes tenths of a second to minutes an image, so no live stream can wait for it: "
        f"`sonolucent enhance IN OUT --method {word}` does files, and live there is {LIVE_INSTEAD.format(teacher=word)}"
    )


def enlarged(grid: ImageGrid, scale: int) -> ImageGrid:
    """The pixels of an image so many times as large: they share out the same extent, so the first lies nearer to its
    edge."""
    dx_m, dz_m = grid.dx_m / scale, grid.dz_m / scale
    x0_m = grid.x0_m - grid.dx_m / 2 + dx_m / 2
    z0_m = max(0.0, grid.z0_m - grid.dz_m / 2 + dz_m / 2)
    return ImageGrid(x0_m, z0_m, dx_m, dz_m, scale * grid.n_z, scale * grid.n_x)


def _parsed(word: str) -> tuple[str, int] | None:
    match = re.fullmatch(r"(.+?)(?:-x(\d))?", word)
    name, scale = (match[1], match[2]) if match else ("", None)
    method = OFFLINE_METHODS.get(name)
    if method is None or (scale is not None and int(scale) not in method.scales):
        return None
    return name, method.scales[0] if scale is None else int(scale)


def _word(name: str, scale: int, method: OfflineMethod) -> str:
    return name if scale == method.scales[0] else f"{name}-x{scale}"
