"""Zero-shot training: beamformed frames in, a network out; no clean image is ever seen.

Frames (`frames`) become pairs of noisy images of the same tissue (`matched_looks`, `examples`) as a recipe says
(`recipes`); `train` fits a network to them, judges it on subjects held out (`validation`), and survives being killed
(`checkpoint`).
"""

from sonolucent.nn.training.frames import TrainingError, TrainingFrame
from sonolucent.nn.training.loop import train
from sonolucent.nn.training.recipes import RECIPES, Recipe, RecipeName
from sonolucent.nn.training.state import Trained

__all__ = ["RECIPES", "Recipe", "RecipeName", "Trained", "TrainingError", "TrainingFrame", "train"]
