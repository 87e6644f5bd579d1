"""What lies between the probe and the tissue: streaks along depth, and a gain that is slowly wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Raster
from sonolucent.sim.anatomy.shapes import beyond, log_uniform


def streaks(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Every other time: lines that are darker or brighter from some depth down."""
    if rng.random() < 0.5:
        lines_db = rng.uniform(0.5, 3) * raster.smooth_along(rng, log_uniform(rng, 0.6e-3, 4e-3))
        yield Paint(gain_db=lines_db * beyond(raster.z_m - rng.uniform(0, 15e-3), 3e-3))


def slow_gain(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Time-gain compensation that does not fit, and attenuation that differs from place to place."""
    slope_db_m = rng.normal(-100, 130)
    patches_db = rng.uniform(0, 4) * raster.smooth(rng, along_m=rng.uniform(6e-3, 15e-3), across_m=10e-3)
    yield Paint(gain_db=patches_db + slope_db_m * (raster.z_m - np.mean(raster.z_m)))
