"""Any B-mode picture as a phantom: its grey levels are the echogenicity."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.sim.echogenicity import ANECHOIC_DB, EchogenicityMap
from sonolucent.sim.phantom import Phantom
from sonolucent.sim.picture_pages import first_page
from sonolucent.sim.scattering import DEFAULT_DENSITY_M2, speckle

PREFIX = "picture:"
USAGE = "picture:FILE, picture:FILE:WIDTH_MM or picture:FILE:WIDTH_MM:RANGE_DB"
_WIDTH_M = 40e-3
_TOP_M = 1e-3
"""Where the picture begins, as the reference image does."""
_LEAST_PX = 16
_WIDTHS_M = (1e-3, 200e-3)
_RANGES_DB = (20.0, 120.0)
_FAMILY = 6
"""What parts its random numbers from those of other families."""


def picture(
    file: str | Path,
    seed: int = 0,
    frame: int = 0,
    *,
    width_m: float = _WIDTH_M,
    dynamic_range_db: float = -ANECHOIC_DB,
    density_m2: float = DEFAULT_DENSITY_M2,
) -> Phantom:
    """The picture in its true aspect, centred before the array, its first row 1 mm deep.

    Args:
        file: PNG, JPEG, TIFF or whatever Pillow reads; colours count as their grey.
        seed, frame: of the scatterers, which are others in every frame.
        width_m: how wide what it shows is; as wide as the reference image by default.
        dynamic_range_db: from black, which does not echo, to white, which is at 0 dB.
        density_m2: scatterers a square metre.

    Raises:
        ValueError: the file is missing, no picture or too small, or the scale makes no sense.
    """
    return _scattered(_echogenicity(Path(file), width_m, dynamic_range_db), seed, frame, density_m2)


def picture_maker(name: str) -> Callable[[int, int], Phantom]:
    """Makes the picture that a name such as "picture:neck.png:38:60" stands for, of a seed and a frame.

    Raises:
        ValueError: as `picture`, at once.
    """
    file, width_mm, range_db = _parsed(name)
    return partial(_scattered, _echogenicity(file, 1e-3 * width_mm, range_db))


def picture_file(name: str) -> Path:
    """The file that such a name stands for."""
    return _parsed(name)[0]


def _scattered(truth: EchogenicityMap, seed: int, frame: int, density_m2: float = DEFAULT_DENSITY_M2) -> Phantom:
    rng = np.random.default_rng([_FAMILY, seed, frame])
    grid = truth.grid
    size_m = grid.n_x * grid.dx_m, grid.n_z * grid.dz_m
    corner_m = grid.x0_m - grid.dx_m / 2, grid.z0_m - grid.dz_m / 2
    positions = corner_m + rng.random((round(density_m2 * size_m[0] * size_m[1]), 2)) * size_m
    return Phantom(*speckle(rng, positions, truth.at(positions)), regions=(truth,), background_db=ANECHOIC_DB)


def _parsed(name: str) -> tuple[Path, float, float]:
    number = r"(\d+(?:\.\d+)?)"
    found = re.fullmatch(rf"{PREFIX}(.+?)(?::{number}(?::{number})?)?", name)
    if not found:
        raise ValueError(f"{name!r} names no file; give {USAGE}")
    file, width_mm, range_db = found.groups()
    return Path(file), float(width_mm or 1e3 * _WIDTH_M), float(range_db or -ANECHOIC_DB)


def _echogenicity(file: Path, width_m: float, dynamic_range_db: float) -> EchogenicityMap:
    low_m, high_m = _WIDTHS_M
    if not low_m <= width_m <= high_m:
        raise ValueError(f"{file} cannot be {1e3 * width_m:g} mm wide; give {1e3 * low_m:g} to {1e3 * high_m:g} mm")
    low_db, high_db = _RANGES_DB
    if not low_db <= dynamic_range_db <= high_db:
        raise ValueError(
            f"{file} cannot have {dynamic_range_db:g} dB from black to white; give {low_db:g} to {high_db:g}"
        )
    grey = _grey(file)
    n_z, n_x = grey.shape
    pixel_m = width_m / n_x
    grid = ImageGrid(-width_m / 2 + pixel_m / 2, _TOP_M + pixel_m / 2, pixel_m, pixel_m, n_z, n_x)
    level_db = np.where(grey > 0, (grey - 1) * dynamic_range_db, ANECHOIC_DB)
    return EchogenicityMap(grid, np.maximum(level_db, ANECHOIC_DB))


def _grey(file: Path) -> NDArray[np.float64]:
    """Grey 0..1 (n_z, n_x)."""
    mode, pixels = first_page(file, "L")
    grey = np.asarray(pixels, np.float64) / (65535 if mode.startswith("I") else 255)
    if mode == "F" or grey.max() > 1:
        raise ValueError(f"{file} has pixels of 32 bits, whose white is unknown; save it with 8 or 16 bits of grey")
    if min(grey.shape) < _LEAST_PX:
        raise ValueError(
            f"{file} has {grey.shape[0]} x {grey.shape[1]} pixels; a phantom needs {_LEAST_PX} x {_LEAST_PX} at least"
        )
    if not grey.any():
        raise ValueError(f"{file} is all black: nothing in it echoes")
    return grey
