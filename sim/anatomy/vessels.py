"""Arteries and veins, cut across or along: a dark lumen between bright walls."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import beyond, curve_m, lump
from sonolucent.sim.echogenicity import ANECHOIC_DB


def vessels(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """None, one or two."""
    for _ in range(rng.integers(0, 3)):
        inside_m = _along(rng, raster) if rng.random() < 0.4 else _across(rng, raster)
        yield from _walls_and_lumen(rng, raster, inside_m)


def _across(rng: np.random.Generator, raster: Raster) -> Field:
    """Distance into a vessel cut across: nearly round."""
    at_m, radius_m = (rng.uniform(-16e-3, 16e-3), rng.uniform(6e-3, 35e-3)), rng.uniform(0.8e-3, 4e-3)
    return lump(rng, raster, at_m, (rng.uniform(1, 1.5) * radius_m, radius_m), roughness=0.04)


def _along(rng: np.random.Generator, raster: Raster) -> Field:
    """Distance into a vessel cut along: from one side of the image to the other."""
    slope, radius_m = rng.uniform(-0.2, 0.2), rng.uniform(1e-3, 3.5e-3)
    middle_m = rng.uniform(8e-3, 32e-3) + curve_m(rng, raster, bend_m=rng.uniform(0, 0.8e-3), slope=slope)
    widths_m = radius_m * (1 + 0.08 * raster.smooth_along(rng, 10e-3))
    return np.asarray(widths_m - np.abs(raster.z_m - middle_m))


def _walls_and_lumen(rng: np.random.Generator, raster: Raster, inside_m: Field) -> Iterator[Paint]:
    """Adventitia, media and intima: thick and bright, thin and dark, thin and bright; brightest across the beam."""
    facing = 0.3 + 0.7 * np.clip(np.abs(np.gradient(inside_m, raster.grid.dz_m, axis=0)), 0, 1) ** 2
    uneven = np.clip(0.8 + 0.2 * raster.smooth(rng, along_m=3e-3, across_m=1e-3), 0, 1)
    media_m, adventitia_m = rng.uniform(0.15e-3, 0.4e-3), rng.uniform(0.3e-3, 1e-3)
    behind_m = np.maximum(-inside_m - media_m, 0)
    yield Paint(gain_db=rng.uniform(9, 20) * facing * uneven * np.exp(-((behind_m / adventitia_m) ** 2)))
    yield Paint(gain_db=_behind_fluid_db(rng, raster, inside_m))
    blood_db = ANECHOIC_DB if rng.random() < 0.6 else rng.uniform(-30, -18)
    yield Paint(beyond(inside_m + media_m, 0.05e-3), blood_db)
    intima = facing * uneven * np.exp(-((inside_m / 0.1e-3) ** 2))
    yield Paint(intima, rng.uniform(-4, 8))


def _behind_fluid_db(rng: np.random.Generator, raster: Raster, inside_m: Field) -> Field:
    """What lies behind blood has been attenuated less: up to 0.7 dB for each millimetre of it."""
    way_m = raster.grid.dz_m * np.cumsum(inside_m > 0, axis=0)
    return np.where(inside_m > 0, 0.0, rng.uniform(0, 700) * way_m)
