"""The truth of a phantom: regions of given echogenicity, painted one over another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from sonolucent.beamform.image_grid import ImageGrid

ANECHOIC_DB = -60.0
"""The level that stands for no echo at all."""
_ROUNDING_DB = 1e-6

Positions = NDArray[np.float64]


class Region(Protocol):
    """A part of the medium with an echogenicity of its own."""

    def paint(self, positions: Positions, level_db: NDArray[np.float64]) -> None:
        """Sets `level_db` (n,) at those of the (n, 2) positions that lie inside."""


@dataclass(frozen=True)
class Inclusion:
    """An ellipse of echogenicity `contrast_db` over plain tissue (0 dB)."""

    x_m: float
    z_m: float
    radius_x_m: float
    radius_z_m: float
    contrast_db: float

    def contains(self, positions: Positions) -> NDArray[np.bool_]:
        """Which of the (n, 2) positions lie inside."""
        across = (positions[:, 0] - self.x_m) / self.radius_x_m
        along = (positions[:, 1] - self.z_m) / self.radius_z_m
        return np.asarray(across**2 + along**2 < 1)

    def paint(self, positions: Positions, level_db: NDArray[np.float64]) -> None:
        """Sets `level_db` (n,) to the contrast at those of the (n, 2) positions that lie inside."""
        level_db[self.contains(positions)] = self.contrast_db


@dataclass(frozen=True)
class Layers:
    """Layers with parallel wavy borders, one more of them than borders."""

    borders_m: NDArray[np.float64]
    levels_db: NDArray[np.float64]
    wave_height_m: float
    wave_length_m: float
    wave_phase: float

    def paint(self, positions: Positions, level_db: NDArray[np.float64]) -> None:
        wave = self.wave_height_m * np.sin(2 * np.pi * positions[:, 0] / self.wave_length_m + self.wave_phase)
        level_db[:] = self.levels_db[np.searchsorted(self.borders_m, positions[:, 1] + wave)]


@dataclass(frozen=True)
class Septum:
    """A thin straight band, as fascia or a septum: at `depth_m` below the array's centre, sloping by `angle_rad`."""

    depth_m: float
    angle_rad: float
    half_thickness_m: float
    level_db: float

    def paint(self, positions: Positions, level_db: NDArray[np.float64]) -> None:
        along, across = math.cos(self.angle_rad), math.sin(self.angle_rad)
        distance = (positions[:, 1] - self.depth_m) * along - positions[:, 0] * across
        level_db[np.abs(distance) < self.half_thickness_m] = self.level_db


@dataclass(frozen=True)
class EchogenicityMap:
    """A raster of echogenicity: level (n_z, n_x) in dB at the centres of a grid's pixels, linear between them.

    Half a pixel beyond the outermost centres it ends, and what lay there before stays.
    """

    grid: ImageGrid
    map_db: NDArray[np.float64]

    def paint(self, positions: Positions, level_db: NDArray[np.float64]) -> None:
        """Sets `level_db` (n,) to the map at those of the (n, 2) positions that lie on it."""
        column, row = self._pixels(positions)
        on_it = (row >= -0.5) & (row <= self.grid.n_z - 0.5) & (column >= -0.5) & (column <= self.grid.n_x - 0.5)
        level_db[on_it] = self.at(positions[on_it])

    def at(self, positions: Positions) -> NDArray[np.float64]:
        """The level (n,) at (n, 2) positions; beside the map, that of its border."""
        column, row = self._pixels(positions)
        level_db = map_coordinates(self.map_db, [row, column], order=1, mode="nearest")
        # Between pixels of no echo, rounding must not leave a faint one.
        return np.where(level_db > ANECHOIC_DB + _ROUNDING_DB, level_db, ANECHOIC_DB)

    def _pixels(self, positions: Positions) -> NDArray[np.float64]:
        """Columns and rows, (2, n)."""
        first, spacing = (self.grid.x0_m, self.grid.z0_m), (self.grid.dx_m, self.grid.dz_m)
        return np.asarray((positions - first) / spacing).T


def painted(regions: Sequence[Region], positions: Positions, background_db: float = 0.0) -> NDArray[np.float64]:
    """Level (n,) in dB at the (n, 2) positions; later regions lie over earlier ones."""
    level_db = np.full(len(positions), background_db)
    for region in regions:
        region.paint(positions, level_db)
    return level_db
