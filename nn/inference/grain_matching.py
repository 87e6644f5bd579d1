"""What a network's images are resampled to, so that their speckle has the grain that it was trained on."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sonolucent.nn.images import BMode, ImageShape
from sonolucent.nn.inference.image_grain import ImageGrain
from sonolucent.nn.inference.resampling import Resampler
from sonolucent.nn.inference.runner import Runner
from sonolucent.nn.model_folder import InputRule, Model
from sonolucent.nn.speckle_grain import SpeckleGrain

_ALIKE = 1.2
"""Ratio of grains that are left alone: tissue that is not all speckle makes the measured one as much coarser."""
_SHORT = 1.3
_LEAST_FACTOR, _MOST_FACTOR = 1 / 8, 2.0
"""Beyond, there is nothing to be gained: too few pixels, or the network takes more than four times as long."""
_ANY = 1024, 1024
"""A shape to tell of while nobody knows the images'."""
_log = logging.getLogger(__name__)


class Match(NamedTuple):
    """How images of one shape are matched.

    Args:
        inner: (n_z, n_x) of what the network sees.
        told: in words.
        short: whether the grain it sees is still another than it was trained on.
    """

    inner: ImageShape
    told: str
    short: bool = False


def match(shape: ImageShape, grain: ImageGrain, trained: SpeckleGrain | None, rule: InputRule) -> Match:
    """How images (n_z, n_x) of that grain are matched to what a network was trained on.

    Args:
        rule: what images the network takes.
    """
    if trained is None:
        return Match(shape, "trained on speckle of a grain that it does not tell, so images are not matched to it")
    if grain.off:
        return Match(shape, "speckle grain left as it is")
    if grain.known is None:
        return Match(shape, f"speckle grain not measured yet, trained on {trained} pixels")
    wanted = [t / g for t, g in zip(trained.both, grain.known.both, strict=True)]
    sizes = [_size(n, factor, rule) for n, factor in zip(shape, wanted, strict=True)]
    inner = sizes[0], sizes[1]
    seen = SpeckleGrain(*(g * m / n for g, m, n in zip(grain.known.both, inner, shape, strict=True)))
    found = f"speckle grain {grain.known} pixels"
    short = any(_ratio(s / t) > _SHORT for s, t in zip(seen.both, trained.both, strict=True))
    if short:
        return Match(inner, f"{found}, resampled to {seen}, which is not the {trained} trained on", short=True)
    done = "as trained on" if inner == shape else f"resampled to the {trained} trained on"
    return Match(inner, f"{found}, {done}")


def _ratio(factor: float) -> float:
    """Of the larger to the smaller."""
    return max(factor, 1 / factor)


def _size(n: int, factor: float, rule: InputRule) -> int:
    if _ratio(factor) <= _ALIKE:
        return n
    wanted = n * min(max(factor, _LEAST_FACTOR), _MOST_FACTOR)
    return rule.multiple_of * max(round(wanted / rule.multiple_of), -(-rule.min_size // rule.multiple_of))


class MatchedNetwork:
    """Runs a network on images whose speckle has the grain that it knows; all room is taken before the first that do.

    Args:
        model: the network and what it was trained on.
        grain: of the images.
        runner_of: loads what runs it on images (n_z, n_x), or on any where it is given None.
        shape: of all images, where that is known beforehand.

    Attributes:
        by: what runs it now.
        told: how images are matched, in words.
        short: whether the grain that it sees is still another than it was trained on.
    """

    def __init__(
        self,
        model: Model,
        grain: ImageGrain,
        runner_of: Callable[[ImageShape | None], Runner],
        shape: ImageShape | None,
    ) -> None:
        self._model, self._runner_of = model, runner_of
        self.grain = grain
        self._resampler: Resampler | None = None
        self._for: tuple[ImageShape, SpeckleGrain | None] | None = None
        self._take(match(shape or _ANY, grain, model.info.speckle_grain_px, model.info.input))
        self._loaded_for = self._inner if shape is not None else None
        self.by = runner_of(self._loaded_for)

    @property
    def matches(self) -> bool:
        """Whether images are matched, or will be once their grain is known."""
        return self._model.info.speckle_grain_px is not None and not self.grain.off and not self.short

    def __call__(self, image_db: BMode, out: BMode) -> None:
        """Enhances images (..., n_z, n_x); the first may tell the grain of all."""
        shape = image_db.shape[-2], image_db.shape[-1]
        if self._model.info.speckle_grain_px is not None:
            self.grain.look(image_db.reshape(-1, *shape)[0])
        self.prepare(shape)
        if self._resampler is None:
            self.by.run(image_db, out)
            return
        for image, made in zip(image_db.reshape(-1, *shape), out.reshape(-1, *shape), strict=True):
            self._resampler.there(image, self._seen)
            self.by.run(self._seen, self._made)
            self._resampler.back(self._made, made)

    def prepare(self, shape: ImageShape) -> ImageShape:
        """Makes ready for images (n_z, n_x) of the grain that is known; the shape of what the network sees."""
        if self._for != (shape, self.grain.known):
            self._take(match(shape, self.grain, self._model.info.speckle_grain_px, self._model.info.input))
            self._for = shape, self.grain.known
            if self._inner != shape:
                self._resampler = Resampler(shape, self._inner, self._model.info.dynamic_range_db)
                self._seen, self._made = (np.empty(self._inner, np.float32) for _ in range(2))
            if self._loaded_for not in (None, self._inner) and self.by.is_of_its_shape:
                self._loaded_for, self.by = self._inner, self._runner_of(self._inner)
        return self._inner

    def warm_up(self) -> None:
        """Compiles what resamples, before an image waits for it."""
        resampler = Resampler((8, 8), (6, 6), self._model.info.dynamic_range_db)
        image, inner = np.zeros((8, 8), np.float32), np.empty((6, 6), np.float32)
        resampler.there(image, inner)
        resampler.back(inner, image)

    def _take(self, found: Match) -> None:
        self._inner, self.told, self.short = found
        self._resampler = None
        if self.grain.known is not None:
            _log.info("%s: %s", self._model.id, self.told)
