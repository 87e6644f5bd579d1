"""Fat lobules and glands: patches of two levels with septa between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import beyond, log_uniform


def lobules(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Two times in three, over a part of the depth."""
    if rng.random() < 0.65:
        size_m = log_uniform(rng, 1.5e-3, 6e-3)
        field = raster.woven(rng, along_m=rng.uniform(1, 2.5) * size_m, across_m=size_m)
        top_m, thickness_m = rng.uniform(0, 28e-3), rng.uniform(6e-3, 30e-3)
        edge_m = log_uniform(rng, 0.2e-3, 1.5e-3)
        there = beyond(raster.depth_m - top_m, edge_m) * beyond(top_m + thickness_m - raster.depth_m, edge_m)
        from_border_m = _from_zero_line_m(field, raster)
        patches_db = rng.uniform(0, 4.5) * np.tanh(from_border_m / log_uniform(rng, 0.05e-3, 0.4e-3))
        septa = np.exp(-((from_border_m / log_uniform(rng, 0.08e-3, 0.3e-3)) ** 2))
        strength_db = rng.uniform(2, 13) * (0.55 + 0.45 * np.tanh(raster.smooth(rng, along_m=4e-3, across_m=4e-3)))
        yield Paint(gain_db=there * (patches_db + strength_db * septa))


def _from_zero_line_m(field: Field, raster: Raster) -> Field:
    """Distance to the field's zero line: its value over its slope."""
    down, across = np.gradient(field, raster.grid.dz_m, raster.grid.dx_m)
    slope = np.hypot(down, across)
    return np.asarray(field / (slope + 0.3 * slope.mean()))
