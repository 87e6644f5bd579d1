"""The raster that an anatomy is painted on, and the smooth random fields that tissue varies with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.sim.echogenicity import Positions
from sonolucent.sim.scattering import EXTENT_X_M, EXTENT_Z_M

Field = NDArray[np.float64]
"""A value at every pixel, (n_z, n_x), or at every row (n_z, 1) or column (1, n_x)."""

_DX_M, _DZ_M = 0.1e-3, 0.05e-3
_ROOM_M = 8e-3
"""How far the tissue's own depth goes beyond the raster's, on both sides."""


@dataclass(frozen=True)
class Raster:
    """Where the pixels lie, and how deep they lie in the tissue, whose layers are warped.

    Args:
        grid: the pixels, 0.1 mm wide and 0.05 mm high.
        warp_m: by how much the tissue's layers lie higher than they would if they were flat, (n_z, n_x).
    """

    grid: ImageGrid
    warp_m: Field

    @classmethod
    def of_warped_tissue(cls, rng: np.random.Generator) -> Raster:
        """The raster over the whole extent of phantoms, with layers that are bent by 0.2 to 1.8 mm."""
        grid = ImageGrid.spaced(x_m=EXTENT_X_M, z_m=EXTENT_Z_M, spacing_m=(_DX_M, _DZ_M))
        flat = cls(grid, np.zeros(grid.shape))
        bend_m = rng.uniform(0.2e-3, 1.8e-3)
        return cls(grid, bend_m * flat.smooth(rng, along_m=rng.uniform(8e-3, 25e-3), across_m=20e-3))

    @cached_property
    def x_m(self) -> Field:
        """(1, n_x)"""
        return self.grid.x_m[None, :]

    @cached_property
    def z_m(self) -> Field:
        """(n_z, 1)"""
        return self.grid.z_m[:, None]

    @cached_property
    def depth_m(self) -> Field:
        """Depth in the tissue, (n_z, n_x): constant along its layers."""
        return np.asarray(self.z_m + self.warp_m)

    def smooth(self, rng: np.random.Generator, *, along_m: float, across_m: float) -> Field:
        """A random field (n_z, n_x) of mean 0 and standard deviation 1, smooth over these lengths in x and z."""
        rows, columns = _splines(rng, self.grid.z_m, across_m), _splines(rng, self.grid.x_m, along_m)
        return _unit(rows @ rng.standard_normal((rows.shape[1], columns.shape[1])) @ columns.T)

    def smooth_along(self, rng: np.random.Generator, length_m: float) -> Field:
        """A random field of x alone, (1, n_x)."""
        columns = _splines(rng, self.grid.x_m, length_m)
        return _unit(columns @ rng.standard_normal(columns.shape[1]))[None, :]

    def woven(self, rng: np.random.Generator, *, along_m: float, across_m: float, slope: float = 0.0) -> Field:
        """A random field (n_z, n_x) whose grain runs along the tissue's layers, or at a slope to them."""
        shifted = self.warp_m - slope * self.x_m
        step_m = self.grid.dz_m
        reach = round((_ROOM_M + np.abs(shifted).max()) / step_m)
        depths_m = self.grid.z0_m + step_m * np.arange(-reach, self.grid.n_z + reach)
        rows, columns = _splines(rng, depths_m, across_m), _splines(rng, self.grid.x_m, along_m)
        straight = rows @ rng.standard_normal((rows.shape[1], columns.shape[1])) @ columns.T
        return _unit(_shifted_up(straight, reach + shifted / step_m, self.grid.n_z))

    def at(self, field: Field, positions: Positions) -> NDArray[np.float64]:
        """The values (n,) of a field (n_z, n_x) at the pixels in which the (n, 2) positions lie."""
        column, row = np.rint((positions - (self.grid.x0_m, self.grid.z0_m)) / (self.grid.dx_m, self.grid.dz_m)).T
        last_row, last_column = field.shape[0] - 1, field.shape[1] - 1
        return np.asarray(field[row.astype(int).clip(0, last_row), column.astype(int).clip(0, last_column)])


def _shifted_up(values: Field, rows: Field, n_z: int) -> Field:
    """Every column of `values` from so many rows (n_z, n_x) below its own on, between two rows linearly."""
    position = np.arange(n_z)[:, None] + rows
    above = position.astype(np.intp)
    fraction = position - above
    upper, lower = (np.take_along_axis(values, row, axis=0) for row in (above, above + 1))
    return np.asarray(upper + fraction * (lower - upper))


def _splines(rng: np.random.Generator, positions_m: Field, spacing_m: float) -> Field:
    """What each of the uniform cubic B-splines, knots `spacing_m` apart from a random place on, is at positions."""
    knot, t = np.divmod((positions_m - positions_m[0]) / spacing_m + rng.random(), 1)
    first = knot.astype(np.intp)
    weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    splines = np.zeros((len(positions_m), int(first[-1]) + 4))
    for i, weight in enumerate(weights):
        splines[np.arange(len(positions_m)), first + i] = weight
    return splines


def _unit(field: Field) -> Field:
    centered = field - field.mean()
    return np.asarray(centered / centered.std())
