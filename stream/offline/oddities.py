"""What is odd about the frames of a recording that a network is to be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn.training.fitness import Fitness
from sonolucent.nn.training.variety import ALIKE, VariedFrames

_TOLD_SHARE = 0.25
"""Of a recording's frames that show the same as others."""


class SeenFrames:
    """The frames of one recording, one after another.

    Args:
        name: of the recording, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name, self._fitness, self._unfit = name, Fitness(), Counter[str]()
        self._varied: VariedFrames | None = None
        self._likeness: list[float] = []

    def note(self, channels: NDArray[Any], image: NDArray[np.complexfloating], grid: ImageGrid) -> None:
        """Takes in the channel data (n_tx, n_rx, n_samples) and the analytic image of a frame."""
        if reason := self._fitness.unfit(channels):
            self._unfit[reason] += 1
        self._varied = self._varied or VariedFrames(grid)
        self._likeness.append(self._varied.compare(image))

    def warnings(self) -> Iterator[str]:
        """A sentence each, with what to do."""
        n = len(self._likeness)
        for reason, n_unfit in self._unfit.items():
            yield f"{self._name}: odd frames, {n_unfit} of {n}: {reason}; a network learns that too, so leave them out"
        alike = [value for value in self._likeness if value >= ALIKE]
        if len(alike) > _TOLD_SHARE * n:
            yield (
                f"{self._name}: {len(alike)} of {n} frames show the same tissue as others (likeness "
                f"{np.median(alike):.2f}) and teach nothing more; move the probe while you record"
            )
