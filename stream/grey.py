"""dB to grey levels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def to_grey(image_db: NDArray[np.float32], dynamic_range_db: float) -> NDArray[np.uint8]:
    """Grey levels of any shape: 0 at -dynamic_range_db, 255 at 0 dB."""
    grey: NDArray[np.uint8] = np.clip(image_db * (255 / dynamic_range_db) + 255.5, 0, 255).astype(np.uint8)
    return grey
