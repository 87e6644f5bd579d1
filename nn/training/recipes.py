"""The zero-shot recipes: which noisy image is given, which is predicted, and how the network is fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.energy_split import EnergySplit
from sonolucent.nn.totals import Total
from sonolucent.nn.training.array_file import Keep
from sonolucent.nn.training.examples import Examples, LookExamples, SparseExamples
from sonolucent.nn.training.frames import Beamformed
from sonolucent.nn.training.loss import l1, speckle_loss
from sonolucent.nn.training.matched_looks import FREQUENCY_HALVES, QUADRANTS, Looks

MakeExamples = Callable[[Sequence[Beamformed], ImageGrid, float, Keep, Total], Examples]
RecipeName = Literal["quadrant", "frequency", "paper"]

_WARM_UP_STEPS = 30
_PAPER_EPOCHS = 20


@dataclass(frozen=True)
class Recipe:
    """How a network is trained without clean images.

    Args:
        examples: makes the training pairs of frames, for a dynamic range in dB; told where to put arrays away, and how
            to sum over processes.
        steps: training steps for a number of frames in each process, unless the user says otherwise.
        learning_rate: Adam's, at a step (from 0) of how many.
        batch_size: pairs a step.
        loss: of what the network predicts, what it should have, and what it was given.
        needs_sparse: frames must come with the image of few transmits.
    """

    examples: MakeExamples
    steps: Callable[[int], int]
    learning_rate: Callable[[int, int], float]
    batch_size: int = 4
    loss: Callable[[Tensor, Tensor, Tensor], Tensor] = speckle_loss
    needs_sparse: bool = False


def _looks(split: EnergySplit, crop: tuple[int, int]) -> MakeExamples:
    def examples(
        frames: Sequence[Beamformed], grid: ImageGrid, dynamic_range_db: float, keep: Keep, total: Total
    ) -> Examples:
        looks = Looks(frames, grid, split, keep=keep, total=total)
        return LookExamples(looks, split, crop=crop, dynamic_range_db=dynamic_range_db)

    return examples


def _sparse(
    frames: Sequence[Beamformed], grid: ImageGrid, dynamic_range_db: float, keep: Keep, total: Total
) -> Examples:
    return SparseExamples(frames, grid, crop=(448, 224), dynamic_range_db=dynamic_range_db, keep=keep, total=total)


def cosine(step: int, steps: int) -> float:
    """3e-3 after a linear warm-up, then a cosine to zero."""
    warm_up = min(_WARM_UP_STEPS, steps // 4)
    if step < warm_up:
        return 3e-3 * (step + 1) / warm_up
    return 1.5e-3 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))


RECIPES: dict[RecipeName, Recipe] = {
    "quadrant": Recipe(_looks(QUADRANTS, crop=(224, 112)), lambda n_frames: 1200, cosine),
    "frequency": Recipe(_looks(FREQUENCY_HALVES, crop=(224, 224)), lambda n_frames: 1200, cosine),
    # Li, Lu and Monkam: 20 epochs of batches of four, Adam at 1e-3, crops of 224 x 448.
    "paper": Recipe(
        _sparse,
        lambda n_frames: math.ceil(_PAPER_EPOCHS * n_frames / 4),
        lambda step, steps: 1e-3,
        loss=l1,
        needs_sparse=True,
    ),
}
"""By the names that `train` takes."""
