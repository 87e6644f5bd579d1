"""From frames to training pairs: two noisy grey images of the same tissue, cropped and varied at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.bmode import ReferenceLevel
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.energy_split import EnergySplit
from sonolucent.nn.images import normalized
from sonolucent.nn.totals import Total, alone
from sonolucent.nn.training.array_file import IN_MEMORY, Keep
from sonolucent.nn.training.frames import Beamformed, sparse_of
from sonolucent.nn.training.matched_looks import Looks, decibels, smooth_gain_db

Grey = NDArray[np.float32]
Pair = tuple[Grey, Grey]

# A live stream's reference level follows its brightest echo, so the level of tissue varies from scene to scene. Some
# scenes lie mostly below the dynamic range (wires in water, a metal block): black has to stay black there.
_LEVEL_SHIFT_DB = (-6.0, 6.0)
_DARK_SHIFT_DB = (-36.0, -6.0)
_DARK_SHARE = 0.25


def level_shift_db(rng: np.random.Generator) -> float:
    """How much brighter another scene would show the tissue."""
    return rng.uniform(*(_DARK_SHIFT_DB if rng.random() < _DARK_SHARE else _LEVEL_SHIFT_DB))


class Examples(Protocol):
    """Draws training pairs."""

    def draw(self, frame: int, rng: np.random.Generator) -> Pair:
        """What the network is given of a frame and what it is to predict: grey 0..1, (n_z, n_x) each."""


class LookExamples:
    """One look at a frame, and the mean in dB of the others.

    Both are decimated to the grain of the whole image, which is what the network is fed afterwards.

    Args:
        looks: at the frames.
        split: how a frame is cut into them.
        crop: largest (n_z, n_x) of a pair.
        dynamic_range_db: the range that grey 0..1 stands for.
    """

    def __init__(self, looks: Looks, split: EnergySplit, *, crop: tuple[int, int], dynamic_range_db: float) -> None:
        self._looks, self._split, self._crop, self._range_db = looks, split, crop, dynamic_range_db

    def draw(self, frame: int, rng: np.random.Generator) -> Pair:
        grey = _varied(_decimated(self._looks[frame], self._split, rng), rng, self._crop, self._range_db)
        given = int(rng.integers(len(grey)))
        return grey[given], np.delete(grey, given, axis=0).mean(axis=0)


class SparseExamples:
    """The image of few transmits, and that of all.

    The sensitivity of the first varies over the image in another way; what is left of their difference over 2 mm,
    averaged over the frames, is taken off it.

    Args:
        frames: beamformed frames; `image` and `sparse` are used.
        grid: their pixels.
        crop: largest (n_z, n_x) of a pair.
        dynamic_range_db: the range that grey 0..1 stands for.
        keep: where pairs are put away.
        total: the sum of an array over all processes that have some of the frames.

    Raises:
        TrainingError: a frame lacks its sparse image.
    """

    def __init__(
        self,
        frames: Sequence[Beamformed],
        grid: ImageGrid,
        *,
        crop: tuple[int, int],
        dynamic_range_db: float,
        keep: Keep = IN_MEMORY,
        total: Total = alone,
    ) -> None:
        self._pairs, excess_db = keep(), np.zeros(grid.shape)
        for frame in frames:
            pair = _pair_db(frame)
            self._pairs.append(pair)
            excess_db += pair[0] - pair[1]
        mean_db = total(excess_db) / total(np.array(len(frames)))
        self._gain_db = np.stack([smooth_gain_db(mean_db[None], grid)[0], np.zeros(grid.shape, np.float32)])
        self._crop, self._range_db = crop, dynamic_range_db

    def draw(self, frame: int, rng: np.random.Generator) -> Pair:
        given, wanted = _varied(self._pairs[frame] - self._gain_db, rng, self._crop, self._range_db)
        return given, wanted


def _decimated(looks: NDArray[np.float32], split: EnergySplit, rng: np.random.Generator) -> NDArray[np.float32]:
    """Every `split.depth`-th row and `split.lateral`-th column, from a random one of the first on."""
    z, x = rng.integers(split.depth), rng.integers(split.lateral)
    n_z, n_x = looks.shape[1] // split.depth, looks.shape[2] // split.lateral
    return looks[:, z :: split.depth, x :: split.lateral][:, :n_z, :n_x]


def _pair_db(frame: Beamformed) -> NDArray[np.float32]:
    return np.stack([decibels(image, ReferenceLevel().update(image)) for image in (sparse_of(frame), frame.image)])


def _varied(
    images_db: NDArray[np.float32], rng: np.random.Generator, crop: tuple[int, int], dynamic_range_db: float
) -> NDArray[np.float32]:
    """The same random crop of several dB images (n, n_z, n_x), at a random level, flipped half of the time, as grey."""
    n_z, n_x = (min(pair) for pair in zip(crop, images_db.shape[1:], strict=True))
    z, x = (rng.integers(size - n + 1) for size, n in zip(images_db.shape[1:], (n_z, n_x), strict=True))
    cropped = images_db[:, z : z + n_z, x : x + n_x]
    grey = normalized(cropped + level_shift_db(rng), dynamic_range_db).astype(np.float32)
    return grey[..., ::-1] if rng.random() < 0.5 else grey
