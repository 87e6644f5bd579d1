"""Arrays of B-mode in dB, as this program writes them for NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.grey_pictures import Pictures
from sonolucent.stream.offline.wanted_images import WantedImages
from sonolucent.stream.recording.formats.numpy_arrays import DAMAGED, require_archive
from sonolucent.stream.recording.read_budget import bounded

ARRAYS = (".npz",)
_NAMES = ("bmode_db", "x_m", "z_m", "times_s")


def array_file(path: Path, wanted: WantedImages) -> Pictures:
    """What `sonolucent image FILE OUT.npz` wrote: the plain images.

    Raises:
        ConfigError: it cannot be read, or holds no images, or not those.
    """
    held = _held(path)
    images = held.get("bmode_db", np.empty(0))
    if images.ndim not in (2, 3) or images.dtype.kind != "f":
        raise ConfigError(f"{path}: no B-mode in it; it must hold bmode_db, (n_frames, n_z, n_x) in dB")
    images = np.asarray(images.reshape(-1, *images.shape[-2:]), np.float32)
    dx_m, dz_m = (_step(path, held, name) for name in ("x_m", "z_m"))
    times_s = (
        _row(path, held, "times_s") if "times_s" in held else np.asarray(0.04 * np.arange(len(images)), np.float64)
    )
    if len(times_s) != len(images):
        raise ConfigError(f"{path}: {len(times_s)} times for {len(images)} images; give times_s of each, or none")
    asked = wanted.of(path, len(images))
    shown = slice(asked.start, asked.stop)
    return Pictures(images[shown], times_s[shown], wanted.first, pixel_m=(dx_m, dz_m) if min(dx_m, dz_m) > 0 else None)


def _held(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with bounded(path):
            require_archive(path)
        with np.load(path) as arrays:
            return {name: arrays[name] for name in arrays.files if name in _NAMES}
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except (OSError, ValueError, *DAMAGED) as error:
        raise ConfigError(f"{path}: no arrays can be read ({error}); check the file") from error


def _step(path: Path, held: dict[str, NDArray[Any]], name: str) -> float:
    """Between the pixels; 0 where the file does not say."""
    axis = _row(path, held, name) if name in held else np.empty(0)
    return float(axis[1] - axis[0]) if len(axis) > 1 else 0.0


def _row(path: Path, held: dict[str, NDArray[Any]], name: str) -> NDArray[np.float64]:
    values = held[name]
    if values.ndim != 1 or values.dtype.kind not in "iuf":
        raise ConfigError(f"{path}: {name} holds {values.shape} {values.dtype}; a row of numbers is due")
    return np.asarray(values, np.float64)
