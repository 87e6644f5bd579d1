"""Networks of other people's recipes, trained for an evaluation: Self2Self on each image, Speckle2Self once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.baselines.self2self import self2self
from sonolucent.nn.baselines.speckle2self import STRIDE, speckle2self, train_speckle2self
from sonolucent.nn.evaluate.methods import ComparedMethod, View
from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB, PhantomScanner
from sonolucent.nn.evaluate.seeds import TRAINING
from sonolucent.nn.images import denormalized, normalized

_FRAMES = 16
_CROP = 256
_PASSES = 100
# Parameters in use, of four bytes.
_SELF2SELF_MB, _SPECKLE2SELF_MB = 3.954, 15.643


def self_supervised(steps: int, scanner: PhantomScanner) -> list[ComparedMethod]:
    """Both, of so many steps: Speckle2Self on frames of the training family, Self2Self on whatever it is given."""
    scenes = [scanner.scene("random_tissue", seed) for seed in TRAINING[:_FRAMES]]
    crop = min(_CROP, min(scanner.grid.shape) // STRIDE * STRIDE)
    network = train_speckle2self([_envelope(scene.plain_db) for scene in scenes], steps=steps, crop=crop)
    return [
        ComparedMethod("self2self", lambda view: _self2self(view, steps), _SELF2SELF_MB),
        ComparedMethod("speckle2self", lambda view: speckle2self(network, view.plain_db), _SPECKLE2SELF_MB),
    ]


def _self2self(view: View, steps: int) -> NDArray[np.float32]:
    grey = self2self(normalized(view.plain_db, DYNAMIC_RANGE_DB), steps=steps, passes=min(_PASSES, steps))
    return denormalized(grey, DYNAMIC_RANGE_DB)


def _envelope(image_db: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(10 ** (image_db / 20), np.float32)
