"""Log-compressed images as grey values that are not rounded, as figures of quality need them.

`sonolucent.beamform.bmode.to_grey` rounds to the 256 levels of a screen, and would round the figures with them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def unrounded_grey(image_db: NDArray[np.floating], dynamic_range_db: float) -> NDArray[np.floating]:
    """Grey 0..255 (not rounded) of dB in -dynamic_range_db..0; values beyond are clipped."""
    return np.asarray((image_db / dynamic_range_db + 1).clip(0, 1) * 255)
