"""Where a probe shows nothing: no contact, or no echo left; white, or striped with clutter that repeats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint, Reflectors
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import beyond
from sonolucent.sim.echogenicity import ANECHOIC_DB

_CLUTTER_M2 = 60e6
"""Scatterers a square metre."""


def dead_zones(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """One time in five: one, in which channel noise alone is left, or stripes over it in every other one."""
    if rng.random() < 0.2:
        silent = _zone(rng, raster)
        stripes = _stripes(rng, raster, silent) if rng.random() < 0.5 else Reflectors()
        yield Paint(silent, ANECHOIC_DB, reflectors=stripes)


def _zone(rng: np.random.Generator, raster: Raster) -> Field:
    """A side of the image that has no contact, or all that is too deep, with an uneven border; 0..1 (n_z, n_x)."""
    softness_m = rng.uniform(0.1e-3, 1e-3)
    if rng.random() < 0.35:
        deepest_m = rng.uniform(20e-3, 33e-3) + rng.uniform(0, 1.5e-3) * raster.smooth_along(rng, 8e-3)
        return beyond(raster.z_m - deepest_m, softness_m)
    side, width_m = rng.choice([-1, 1]), rng.uniform(4e-3, 16e-3)
    border_m = 22e-3 - width_m + rng.uniform(0, 0.08) * raster.z_m
    return beyond(side * raster.x_m - border_m, softness_m) * np.ones_like(raster.z_m)


def _stripes(rng: np.random.Generator, raster: Raster, silent: Field) -> Reflectors:
    """Clutter that repeats with a period, along depth as reverberation does, or from line to line."""
    axis, period_m = int(rng.choice([0, 1])), rng.uniform(0.3e-3, 3e-3)
    corner_m = np.array([raster.x_m.min(), raster.z_m.min()])
    cell_m = np.array([raster.x_m.max(), raster.z_m.max()]) - corner_m
    n_copies = int(cell_m[axis] / period_m)
    cell_m[axis] = period_m
    once_m = corner_m + cell_m * rng.random((round(_CLUTTER_M2 * cell_m.prod()), 2))
    steps_m = period_m * np.arange(n_copies)[:, None, None] * np.eye(2)[axis]
    positions_m = (once_m + steps_m).reshape(-1, 2)
    amplitudes = np.tile(rng.standard_normal(len(once_m)), n_copies) * 10 ** (rng.uniform(-45, -20) / 20)
    within = raster.at(silent, positions_m) > 0.9
    return Reflectors(positions_m[within], amplitudes[within])
