"""Bicubic interpolation, which any super-resolution has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from sonolucent.nn.image_methods import RANGE_DB, Cost, Fitting
from sonolucent.nn.images import BMode
from sonolucent.nn.super_resolution.resize import resize


class Bicubic:
    """A larger image by Keys's cubic (1981); nothing is learnt. See `ImageMethod`."""

    cost: Cost = "offline"
    learns_from: Literal["nothing"] = "nothing"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "bicubic" if scale == 2 else f"bicubic-x{scale}", scale

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """Learns nothing."""

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        return np.asarray(resize(image_db, self.scale).clip(-RANGE_DB, 0), np.float32)
