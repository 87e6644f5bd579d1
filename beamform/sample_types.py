"""Types of samples: whatever a file stores becomes int16, float32 or complex64, and what that costs is said."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_WIDER_THAN_SINGLE = ("u4", "i4", "u8", "i8", "f8", "c16")


def require_convertible(dtype: np.dtype[Any]) -> None:
    """Refuses what are no samples.

    Raises:
        ValueError: text, flags, references, or numbers that no scanner makes.
    """
    if dtype.kind not in "iufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise ValueError(f"its samples are {dtype}; channel data are integers, real or complex numbers")


def sample_type(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The type that samples of another become: int16, float32 or complex64."""
    if dtype.kind == "c":
        return np.dtype(np.complex64)
    return np.dtype(np.int16 if dtype.kind in "iu" and np.can_cast(dtype, np.int16) else np.float32)


def type_note(dtype: np.dtype[Any]) -> tuple[str, ...]:
    """What is said of a conversion; nothing where there is none."""
    target = sample_type(dtype)
    if dtype == target and dtype.isnative:
        return ()
    order = {">": "big-endian "}.get(dtype.byteorder, "")
    if dtype.str[1:] in _WIDER_THAN_SINGLE:
        return (f"samples are {order}{dtype.name}; read as {target}, exact to 24 bits",)
    return (f"samples are {order}{dtype.name}; read as {target}, nothing is lost",)


def as_channel_data(frame: NDArray[Any]) -> NDArray[Any]:
    """A frame or a shot, of any numbers in any order in memory, as beamformers and recordings take it.

    Integers of 8 or 16 bits become int16, complex numbers complex64, all else float32, C-contiguous; what is so already
    is returned as it is. Whole numbers beyond 24 bits, and double precision, are rounded to single precision.

    Raises:
        ValueError: no numbers of samples, or too large for single precision.
    """
    require_convertible(frame.dtype)
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(frame, sample_type(frame.dtype))
    if frame.dtype.itemsize > result.dtype.itemsize and (np.isinf(result) & np.isfinite(frame)).any():
        raise ValueError(f"samples up to {np.abs(frame).max():.3g} are too large for {result.dtype}; scale them down")
    return result
