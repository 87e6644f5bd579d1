"""Cysts, tumours, nodules: lumps with a rim, a texture, and a shadow or a brightening beneath."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.layers_of_tissue import texture_db
from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import beyond, log_uniform, lump
from sonolucent.sim.echogenicity import ANECHOIC_DB


def lesions(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """One to six, three of ten anechoic."""
    for _ in range(rng.integers(1, 7)):
        yield from _lesion(rng, raster)


def _lesion(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    at_m = rng.uniform(-18e-3, 18e-3), rng.uniform(4e-3, 37e-3)
    radii_m = log_uniform(rng, 0.7e-3, 5e-3), log_uniform(rng, 0.6e-3, 4e-3)
    inside_m = lump(rng, raster, at_m, radii_m, roughness=rng.uniform(0, 0.35))
    softness_m = log_uniform(rng, 0.02e-3, 0.4e-3)
    anechoic = rng.random() < 0.3
    level_db = ANECHOIC_DB if anechoic else rng.uniform(-25, 9) + texture_db(rng, raster)
    yield Paint(gain_db=_beneath_db(rng, raster, inside_m, at_m[1], anechoic=anechoic))
    if rng.random() < 0.35:
        width_m = log_uniform(rng, 0.1e-3, 0.5e-3)
        yield Paint(gain_db=rng.uniform(2, 9) * np.exp(-((inside_m / width_m) ** 2)))
    yield Paint(beyond(inside_m, softness_m), level_db)


def _beneath_db(rng: np.random.Generator, raster: Raster, inside_m: Field, z_m: float, *, anechoic: bool) -> Field:
    """What lies behind fluid is brighter, what lies behind a dense lump is darker, and mostly neither."""
    if rng.random() < (0.4 if anechoic else 0.6):
        return np.zeros((1, 1))
    most_db = rng.uniform(1, 6) if anechoic else rng.uniform(-14, 3)
    passed = np.maximum(inside_m.max(axis=0, keepdims=True), 0)
    share = np.tanh(passed / max(float(passed.max()), 1e-5) * 2)
    below = beyond(raster.z_m - z_m, 0.5e-3) * np.exp(-np.maximum(raster.z_m - z_m, 0) / rng.uniform(8e-3, 40e-3))
    return np.asarray(most_db * share * below)
