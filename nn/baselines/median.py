"""The median filter, which any despeckling method has to beat."""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from numpy.typing import NDArray


def median(image_db: NDArray[np.float32], *, size: int = 5) -> NDArray[np.float32]:
    """A B-mode image in dB, float32 (n_z, n_x): the median of `size` x `size` pixels, mirrored at the borders."""
    return np.asarray(scipy.ndimage.median_filter(image_db, size), np.float32)
