"""Where an image goes: the caller's array, or a new one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def image_buffer(shape: tuple[int, ...], out: NDArray[np.complex64] | None) -> NDArray[np.complex64]:
    """`out`, or an array of its own, complex64 `shape`.

    Raises:
        TypeError, ValueError: `out` is of another type or shape.
    """
    if out is None:
        return np.empty(shape, np.complex64)
    if out.dtype != np.complex64:
        raise TypeError(f"out must be complex64, not {out.dtype}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}; this grid gives {shape}")
    return out
