"""What a stream does from frame to frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def flicker_db(frames_db: Sequence[NDArray[np.floating]]) -> float:
    """Root mean square of the change of a pixel from one dB frame (n_z, n_x) to the next, over a stream.

    Of a moving phantom it contains the motion itself, the same for every enhancement of one stream.

    Raises:
        ValueError: there are fewer than two frames.
    """
    if len(frames_db) < 2:
        raise ValueError(f"flicker needs at least two frames, not {len(frames_db)}")
    changes = np.diff(np.stack(frames_db).astype(np.float64), axis=0)
    return float(np.sqrt(np.mean(changes**2)))
