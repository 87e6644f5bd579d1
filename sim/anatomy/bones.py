"""Bones and calcifications: a surface that reflects like a mirror, and a shadow behind it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint, Reflectors
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import between, beyond, log_uniform

_SPACING_M = 0.04e-3
"""Scatterers of one sign so close that they echo as one surface."""


def bones(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """None, one or two; most anatomies have none."""
    for _ in range(rng.choice(3, p=[0.6, 0.3, 0.1])):
        middle_m, half_m = rng.uniform(-18e-3, 18e-3), log_uniform(rng, 1e-3, 9e-3)
        surface_m = _surface_m(rng, raster, middle_m)
        beneath_m = raster.z_m - surface_m
        shadow = between(raster, middle_m, half_m, log_uniform(rng, 0.2e-3, 2e-3))
        yield Paint(gain_db=-rng.uniform(4, 35) * shadow * beyond(beneath_m - 0.5e-3, rng.uniform(0.2e-3, 1e-3)))
        thickness_m, extent = rng.uniform(0.15e-3, 0.5e-3), between(raster, middle_m, half_m, 0.3e-3)
        surface_db = rng.uniform(8, 20) * (0.8 + 0.2 * raster.smooth_along(rng, 2e-3))
        yield Paint(gain_db=surface_db * extent * np.exp(-((beneath_m / thickness_m) ** 2)))
        yield Paint(reflectors=_mirror(rng, raster, surface_m, middle_m, half_m))


def _surface_m(rng: np.random.Generator, raster: Raster, middle_m: float) -> Field:
    """Depths (1, n_x): an arc that falls off to the sides, as a rib's, a little uneven."""
    offset_m = raster.x_m - middle_m
    arc_m = rng.uniform(0, 40) * offset_m**2 + rng.uniform(-0.15, 0.15) * offset_m
    return np.asarray(rng.uniform(8e-3, 34e-3) + arc_m + 0.05e-3 * raster.smooth_along(rng, 2e-3))


def _mirror(rng: np.random.Generator, raster: Raster, surface_m: Field, middle_m: float, half_m: float) -> Reflectors:
    x_m = np.arange(middle_m - half_m, middle_m + half_m, _SPACING_M)
    x_m = x_m[(x_m > raster.x_m[0, 0]) & (x_m < raster.x_m[0, -1])]
    z_m = np.interp(x_m, raster.x_m[0], surface_m[0])
    evenness = 0.8 + 0.2 * raster.smooth_along(rng, 2e-3)[0]
    strength = 10 ** (rng.uniform(-6, 6) / 20) * np.interp(x_m, raster.x_m[0], evenness)
    return Reflectors(np.stack([x_m, z_m], axis=1), strength)
