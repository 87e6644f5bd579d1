"""The images that everything here takes and gives, and the grey values that networks see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BMode = NDArray[np.float32]
"""A B-mode image in dB below the reference level, float32 (n_z, n_x); a batch of them is (n, n_z, n_x)."""

ImageShape = tuple[int, int]
"""(n_z, n_x)"""


def normalized(image_db: NDArray[np.floating], dynamic_range_db: float) -> NDArray[np.floating]:
    """Grey 0..1, of the image's shape and type, of dB in [-dynamic_range_db, 0]; values beyond are clipped.

    Networks and figures of quality take it. `sonolucent.beamform.bmode.to_grey` rounds to the 256 levels of a screen.
    """
    return np.asarray((image_db / dynamic_range_db + 1).clip(0, 1))


def denormalized(grey: NDArray[np.floating], dynamic_range_db: float) -> BMode:
    """The inverse of `normalized`: grey 0..1 as dB, float32."""
    return np.asarray((grey - 1) * dynamic_range_db, np.float32)


def require_images(image_db: BMode, out: BMode, scale: int = 1) -> None:
    """Refuses what is no image or batch of them, and an `out` that is not so many times as large.

    Raises:
        TypeError: an array is not float32.
        ValueError: it has another shape.
    """
    for name, array in (("the image", image_db), ("out", out)):
        if array.dtype != np.float32:
            raise TypeError(f"{name} must be float32, not {array.dtype}")
    if image_db.ndim not in (2, 3) or out.shape != larger_shape(image_db.shape, scale):
        size = "of the same shape" if scale == 1 else f"{scale} times as large"
        raise ValueError(
            f"images must be (n_z, n_x) or (n, n_z, n_x), and out {size}, not {image_db.shape} and {out.shape}"
        )


def larger_shape(shape: tuple[int, ...], scale: int) -> tuple[int, ...]:
    """(n_z, n_x) or (n, n_z, n_x) with so many times the rows and columns."""
    return (*shape[:-2], *(scale * n for n in shape[-2:]))
