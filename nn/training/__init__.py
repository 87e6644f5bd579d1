"""Zero-shot training: beamformed frames in, a network out; no clean image is ever seen.

Frames (`frames`) become pairs of noisy images of the same tissue (`looks`, `examples`) as a recipe says (`recipes`);
`train` fits a network to them, judges it on subjects held out (`validation`), and survives being killed (`checkpoint`).
"""

from sonolucent.nn.training.frames import Frame, TrainingError
from sonolucent.nn.training.loop import Trained, train
from sonolucent.nn.training.recipes import RECIPES, Recipe, RecipeName

__all__ = ["RECIPES", "Frame", "Recipe", "RecipeName", "Trained", "TrainingError", "train"]
