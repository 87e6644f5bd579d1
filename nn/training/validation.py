"""A figure that judges a network without a clean image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.images import normalized
from sonolucent.nn.training.examples import frame_looks_db
from sonolucent.nn.training.frames import TrainingFrame
from sonolucent.nn.training.matched_looks import QUADRANTS


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
        device = next(network.parameters()).device
        was_training = network.training
        network.eval()
        with torch.inference_mode():
            squares = [self._mean_square(network, looks, device) for looks in self._grey]
        network.train(was_training)
        return float(self._range_db * np.sqrt(np.mean(squares)))

    def _mean_square(self, network: nn.Module, looks: NDArray[np.float32], device: torch.device) -> float:
        predicted = network(torch.from_numpy(looks)[:, None].to(device))[:, 0].clamp(0, 1).cpu().numpy()
        others = (looks.sum(axis=0) - looks) / (len(looks) - 1)
        return float(np.mean((predicted - others) ** 2))
