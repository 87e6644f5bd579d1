"""Arrays for NumPy and MATLAB: the images in dB as they are, with their axes, times and settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from numpy.typing import NDArray

from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat

_MOST_BYTES_OF_MAT = (1 << 31) - 1


def _write_npy(path: Path, clip: Clip, appearance: Appearance) -> None:
    """Frame after frame, so that a film of any length fits into the memory."""
    header = {"descr": "<f4", "fortran_order": False, "shape": _shape(clip)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        for layers in _layers(clip):
            file.write(layers.astype("<f4").tobytes())


def _write_npz(path: Path, clip: Clip, appearance: Appearance) -> None:
    arrays: dict[str, Any] = {**_arrays(clip), "settings": json.dumps(clip.facts)}
    np.savez_compressed(path, **arrays)


def _write_mat(path: Path, clip: Clip, appearance: Appearance) -> None:
    n_bytes = 4 * int(np.prod(_shape(clip)))
    if n_bytes > _MOST_BYTES_OF_MAT:
        raise OutputError(
            f"{path}: {len(clip)} images are {n_bytes / 1e9:.1f} GB, and a .mat file holds 2.1 at most; "
            "choose some with --first and --last, or write .h5, which MATLAB reads too"
        )
    scipy.io.savemat(path, {**_arrays(clip), "settings": _without_none(clip.facts)}, oned_as="column")


def _arrays(clip: Clip) -> dict[str, NDArray[Any]]:
    images = np.empty(_shape(clip), np.float32)
    for row, layers in zip(images, _layers(clip), strict=True):
        row[...] = layers
    grid = clip.stream.grid
    named = {"enhanced_db": images[:, 1]} if clip.enhanced else {}
    axes = {"x_m": grid.x_m, "z_m": grid.z_m} if clip.pixels_known else {}
    return {"bmode_db": images[:, 0], **named, **axes, "times_s": clip.times_s}


def _shape(clip: Clip) -> tuple[int, int, int, int]:
    return len(clip), 2 if clip.enhanced else 1, *clip.stream.grid.shape


def _layers(clip: Clip) -> Iterator[NDArray[np.float32]]:
    """Plain and enhanced image of each frame, (1 or 2, n_z, n_x); NaN where a frame was not enhanced."""
    for image in clip:
        missing = clip.enhanced and image.enhanced is None
        yield np.stack([image.bmode, np.full_like(image.bmode, np.nan)]) if missing else image.layers


def _without_none(value: Any) -> Any:
    """MATLAB has no None; an empty matrix stands for it."""
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items()}
    return np.empty((0, 0)) if value is None else value


NPY = ImageFormat(_write_npy, drawn=False)
NPZ = ImageFormat(_write_npz, drawn=False)
MAT = ImageFormat(_write_mat, drawn=False)
