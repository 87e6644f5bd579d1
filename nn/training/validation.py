"""A figure that judges a network without a clean image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.images import normalized
from sonolucent.nn.training.examples import frame_looks_db
from sonolucent.nn.training.frames import TrainingFrame
from sonolucent.nn.training.matched_looks import QUADRANTS

_LEAST_GAIN_DB = 0.02
"""Of the figure: below it nobody sees a difference, however sure it is."""
_SURE = 3.0
"""Standard errors of the mean over the frames that a gain must exceed: six frames give little more than a hint of their
spread, and the weights that are judged are the best of some twenty by the same frames."""


@dataclass(frozen=True)
class Comparison:
    """Two networks by the same held-out frames.

    Args:
        before_db, after_db: their figures, see `Validation`.
        gain_db: how much less the second one has.
        noise_db: the standard error of that over the frames; infinite for a single one.
    """

    before_db: float
    after_db: float
    gain_db: float
    noise_db: float

    @classmethod
    def of(cls, before: NDArray[np.float64], after: NDArray[np.float64]) -> Comparison:
        """Of the mean squares in dB^2, (n_frames,), frame by frame: what one frame has more than another of error is
        the same for both."""
        first, second = (float(np.sqrt(np.mean(squares))) for squares in (before, after))
        gains = (before - after) / max(first + second, np.finfo(np.float64).tiny)
        noise = float(np.std(gains, ddof=1)) / math.sqrt(len(gains)) if len(gains) > 1 else math.inf
        return cls(first, second, first - second, noise)

    @property
    def better(self) -> bool:
        """Whether the second one is better, by more than chance and by enough to matter."""
        return self.gain_db > max(_LEAST_GAIN_DB, _SURE * self.noise_db)

    def __str__(self) -> str:
        return f"validation error {self.before_db:.3f} dB before, {self.after_db:.3f} after (+- {self.noise_db:.3f})"


class Validation:
    """How far the network, given one quadrant of a frame, is from the mean of the three others: rms, in dB.

    The others' speckle is independent of what the network sees, so the mean square is that of the network's error plus
    that of their speckle (Noise2Noise). The latter is the same for every network: on the same held-out frames they
    rank as by their error to the unseen truth, whatever recipe made them. Training loss does not rank them; it is
    taken from few crops, and from frames that the network may know by heart.

    Args:
        frames: held-out frames.
        grid: their pixels.
        dynamic_range_db: the range that grey 0..1 stands for.

    Raises:
        TrainingError: a frame is not fit for looks.
    """

    def __init__(self, frames: Sequence[TrainingFrame], grid: ImageGrid, dynamic_range_db: float) -> None:
        looks = frame_looks_db(frames, grid, QUADRANTS)[:, :, :: QUADRANTS.depth, :: QUADRANTS.lateral]
        self._grey = normalized(looks, dynamic_range_db)
        self._range_db = dynamic_range_db

    def error_db(self, network: nn.Module) -> float:
        """The figure for a network, grey (n, 1, n_z, n_x) to the same."""
        return float(np.sqrt(np.mean(self.squares(network))))

    def compare(self, before: nn.Module, after: nn.Module) -> Comparison:
        """Two networks, on the same frames."""
        return Comparison.of(self.squares(before), self.squares(after))

    def squares(self, network: nn.Module) -> NDArray[np.float64]:
        """Of each frame the mean square that `error_db` is the root of, in dB^2, (n_frames,)."""
        device = next(network.parameters()).device
        was_training = network.training
        network.eval()
        with torch.inference_mode():
            squares = [self._mean_square(network, looks, device) for looks in self._grey]
        network.train(was_training)
        return self._range_db**2 * np.array(squares)

    def _mean_square(self, network: nn.Module, looks: NDArray[np.float32], device: torch.device) -> float:
        predicted = network(torch.from_numpy(looks)[:, None].to(device))[:, 0].clamp(0, 1).cpu().numpy()
        others = (looks.sum(axis=0) - looks) / (len(looks) - 1)
        return float(np.mean((predicted - others) ** 2))
