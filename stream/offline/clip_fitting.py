"""Clips through methods that learn from images first, and may enlarge them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sonolucent.nn.evaluate import CONDITIONS, TRAINING, PhantomScanner
from sonolucent.nn.image_methods import RANGE_DB, FitError, Fitting, ImageMethod, enlarged, offline_method
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.strength import soften
from sonolucent.nn.super_resolution.resize import resize
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.messages import Image
from sonolucent.stream.offline.bmode_files import plain_clip, require_bmode

_FITTED_TO = 8
"""Images of a film, evenly spread, that a method learns from."""
_SIMULATED = 6


def fitted_clip(
    clip: Clip, word: str, fitting: Fitting, learn_from: Sequence[Path], strength: float, steps: dict[str, int]
) -> Clip:
    """The clip, enhanced by a method that is fitted first; the plain images enlarged bicubically beside.

    Args:
        clip: plain images; all are kept in memory.
        word: names the method.
        fitting: how much it may learn.
        learn_from: files that it learns from, if it does from others; by default simulated anatomies.
        strength: how much of the enhancement is shown, in dB.
        steps: is told how many have been done, by what was fitted.

    Raises:
        ConfigError: it cannot learn from these images.
    """
    method = offline_method(word)
    images = list(clip)

    def note(what: str, step: int, n_steps: int, loss: float) -> None:
        steps[what] = step
        fitting.progress(what, step, n_steps, loss)

    try:
        shown = _learnt_from(method, images, learn_from)
        method.fit(shown, replace(fitting, progress=note))
    except FitError as error:
        raise ConfigError(f"{clip.source}: {error}") from error
    grid = enlarged(clip.stream.grid, method.scale)
    stream = replace(clip.stream, grid=grid, offered_grid=None)
    enhanced: Iterator[Image] = (_enhanced(image, method, fitting.device, strength) for image in images)
    first = next(enhanced)
    return replace(clip, stream=stream, first=first, rest=enhanced, enhanced=True, models=(method.name,))


def _learnt_from(method: ImageMethod, images: Sequence[Image], files: Sequence[Path]) -> list[BMode]:
    """The images that a method learns from, at the range that it knows."""
    if method.learns_from != "others":
        spread = np.unique(np.linspace(0, len(images) - 1, _FITTED_TO).round().astype(int))
        return [_at_range(images[i]) for i in spread]
    if files:
        return [_at_range(image) for file in files for image in plain_clip(file)]
    scanner = PhantomScanner(CONDITIONS["reference"])
    return [scanner.scene("anatomy", seed).plain_db for seed in TRAINING[:_SIMULATED]]


def _at_range(image: Image) -> BMode:
    return np.asarray(image.bmode * np.float32(RANGE_DB / image.dynamic_range_db), np.float32)


def _enhanced(image: Image, method: ImageMethod, device: str, strength: float) -> Image:
    require_bmode(image.bmode, f"image {image.frame_id}")
    back, range_db = np.float32(image.dynamic_range_db / RANGE_DB), image.dynamic_range_db
    plain = resize(image.bmode, method.scale).clip(-range_db, 0).astype(np.float32)
    layers = np.stack([plain, back * method(_at_range(image))])
    soften(layers[0], layers[1], strength, range_db)
    return replace(
        image,
        layers=layers,
        model=method.name,
        device=device,
        backend="torch",
        skipped="",
        strength=strength,
        reason=f"{method.name} was asked for; the plain image is enlarged bicubically",
    )
