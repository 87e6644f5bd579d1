"""The images that everything here takes and gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BMode = NDArray[np.float32]
"""A B-mode image in dB below the reference level, float32 (n_z, n_x); a batch of them is (n, n_z, n_x)."""

ImageShape = tuple[int, int]
"""(n_z, n_x)"""
