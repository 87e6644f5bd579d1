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
from sonolucent.nn.training.array_file import IN_MEMORY, Keep
from sonolucent.nn.training.frames import Beamformed
from sonolucent.nn.training.matched_looks import QUADRANTS, Looks

_LEAST_GAIN_DB = 0.02
"""Of the figure: below it nobody sees a difference, however sure it is."""
_CHANCE = 0.05
"""Of as many frames' agreeing on a gain where there is none (sign test)."""


@dataclass(frozen=True)
class Comparison:
    """Two networks by the same held-out frames.

    Args:
        before_db, after_db: their figures, see `Validation`.
        n_better: on how many frames the second one is better.
        n_frames: how many there are.
    """

    before_db: float
    after_db: float
    n_better: int
    n_frames: int

    @classmethod
    def of(cls, before: NDArray[np.float64], after: NDArray[np.float64]) -> Comparison:
        """Of the mean squares in dB^2, (n_frames,), frame by frame: what one frame has more than another of error is
        the same for both."""
        first, second = (float(np.sqrt(np.mean(squares))) for squares in (before, after))
        return cls(first, second, int(np.count_nonzero(after < before)), len(before))

    @property
    def by_chance(self) -> float:
        """The probability that so many frames, or more, agree where neither network is better."""
        ways = sum(math.comb(self.n_frames, n) for n in range(self.n_better, self.n_frames + 1))
        return float(ways / 2**self.n_frames)

    @property
    def better(self) -> bool:
        """Whether the second one is better, by more than chance (on all of five to seven frames) and by enough to
        matter."""
        return self.before_db - self.after_db > _LEAST_GAIN_DB and self.by_chance < _CHANCE

    def __str__(self) -> str:
        agree = f"better on {self.n_better} of {self.n_frames} frames"
        return f"validation error {self.before_db:.3f} dB before, {self.after_db:.3f} after, {agree}"


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
        keep: where looks are put away.

    Raises:
        TrainingError: a frame is not fit for looks.
    """

    def __init__(
        self,
        frames: Sequence[Beamformed],
        grid: ImageGrid,
        dynamic_range_db: float,
        *,
        keep: Keep = IN_MEMORY,
    ) -> None:
        self._looks, self._range_db = Looks(frames, grid, QUADRANTS, keep=keep), dynamic_range_db

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
            squares = [self._mean_square(network, self._grey(looks), device) for looks in self._looks]
        network.train(was_training)
        return self._range_db**2 * np.array(squares)

    def _grey(self, looks: NDArray[np.float32]) -> NDArray[np.float32]:
        return normalized(looks[:, :: QUADRANTS.depth, :: QUADRANTS.lateral], self._range_db)

    def _mean_square(self, network: nn.Module, looks: NDArray[np.float32], device: torch.device) -> float:
        predicted = network(torch.from_numpy(looks)[:, None].to(device))[:, 0].clamp(0, 1).cpu().numpy()
        others = (looks.sum(axis=0) - looks) / (len(looks) - 1)
        return float(np.mean((predicted - others) ** 2))
