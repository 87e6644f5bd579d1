"""In which order the frames of a training are learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class ShuffledOrder:
    """Every frame once an epoch, in an order that each epoch has of its own; known at every draw, not only in turn.

    Args:
        n_frames: how many there are.
        seed: of the orders: any numbers.
    """

    def __init__(self, n_frames: int, *seed: int) -> None:
        self._n, self._seed = n_frames, seed
        self._epoch, self._order = -1, np.empty(0, np.int64)

    def batch(self, step: int, size: int) -> list[int]:
        """The frames of a step, from 0, which takes `size` of them."""
        return [self._frame(draw) for draw in range(step * size, (step + 1) * size)]

    def _frame(self, draw: int) -> int:
        epoch, place = divmod(draw, self._n)
        if epoch != self._epoch:
            self._epoch, self._order = epoch, self._order_of(epoch)
        return int(self._order[place])

    def _order_of(self, epoch: int) -> NDArray[np.int64]:
        return np.random.default_rng([*self._seed, epoch]).permutation(self._n)
