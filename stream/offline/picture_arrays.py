"""Arrays of B-mode in dB, as this program writes them for NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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
    try:
        with bounded(path):
            require_archive(path)
        with np.load(path) as arrays:
            held = {name: arrays[name] for name in arrays.files if name in _NAMES}
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except (OSError, ValueError, *DAMAGED) as error:
        raise ConfigError(f"{path}: no arrays can be read ({error}); check the file") from error
    images = held.get("bmode_db", np.empty(0))
    if images.ndim not in (2, 3) or images.dtype.kind != "f":
        raise ConfigError(f"{path}: no B-mode in it; it must hold bmode_db, (n_frames, n_z, n_x) in dB")
    images = np.asarray(images.reshape(-1, *images.shape[-2:]), np.float32)
    axes = [held.get(name, np.empty(0)) for name in ("x_m", "z_m")]
    steps = [float(axis[1] - axis[0]) if len(axis) > 1 else 0.0 for axis in axes]
    pixel_m = (steps[0], steps[1]) if min(steps) > 0 else None
    times_s = np.asarray(held.get("times_s", 0.04 * np.arange(len(images))), np.float64)
    shown = slice(wanted.of(path, len(images)).start, wanted.of(path, len(images)).stop)
    return Pictures(images[shown], times_s[shown], wanted.first, pixel_m=pixel_m)
