"""Positions of elements in space, as positions along a straight array."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording.sanity import Claim, numbers


def along_the_array(positions_m: Claim) -> Claim:
    """The x of element centres (n_el, 3) that lie along x at one depth.

    Raises:
        ValueError: they are not that many numbers, or not in a straight line.
    """
    values: NDArray[np.float64] = numbers(positions_m)
    if values.ndim != 2 or values.shape[1] < 3 or len(values) < 2:
        raise ValueError(f"{positions_m.field} has shape {values.shape}; x, y and z of each element are due (n_el, 3)")
    # Along x within a thousandth of a pitch, whatever the unit.
    if np.ptp(values[:, 1:3], axis=0).max() > 1e-3 * np.abs(np.diff(values[:, 0])).mean():
        raise ValueError(f"the elements of {positions_m.field} are not in a straight line along x")
    return Claim(positions_m.field, values[:, 0])
