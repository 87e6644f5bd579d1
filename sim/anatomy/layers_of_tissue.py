"""Skin, fat, muscle: layers along the tissue's depth, each even, blotched or fibrous."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import beyond, log_uniform


def layers(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Three to seven of them; in three of ten, scatterers are few and strong."""
    borders_m = np.sort(rng.uniform(3e-3, 39e-3, rng.integers(2, 7)))
    yield Paint(1.0, rng.uniform(-10, 7) + texture_db(rng, raster), _density(rng))
    for border_m in borders_m:
        below = beyond(raster.depth_m - border_m, log_uniform(rng, 0.02e-3, 0.5e-3))
        yield Paint(below, rng.uniform(-10, 7) + texture_db(rng, raster), _density(rng))


def skin(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Two times in three: a bright band under the probe, with gel or a standoff above it now and then."""
    if rng.random() < 0.67:
        top_m, thickness_m = rng.choice([0.0, rng.uniform(1.5e-3, 4e-3)], p=[0.75, 0.25]), rng.uniform(0.8e-3, 2e-3)
        inside = beyond(raster.depth_m - top_m, 0.08e-3) * beyond(top_m + thickness_m - raster.depth_m, 0.15e-3)
        yield Paint(beyond(top_m - raster.depth_m, 0.1e-3), -40.0)
        yield Paint(inside, rng.uniform(3, 10) + texture_db(rng, raster))


def texture_db(rng: np.random.Generator, raster: Raster) -> Field | float:
    """How the level varies within one kind of tissue: not at all, in blotches, or in fibres along its layers."""
    kind = rng.choice(["even", "blotched", "fibrous"], p=[0.3, 0.3, 0.4])
    if kind == "even":
        return 0.0
    if kind == "blotched":
        size_m = log_uniform(rng, 0.5e-3, 5e-3)
        return rng.uniform(0.8, 3) * raster.woven(rng, along_m=1.5 * size_m, across_m=size_m)
    # Muscle's fibres run at an angle to its fasciae.
    fibres = raster.woven(
        rng,
        along_m=rng.uniform(3e-3, 9e-3),
        across_m=log_uniform(rng, 0.15e-3, 0.8e-3),
        slope=rng.choice([0.0, rng.uniform(-0.25, 0.25)]),
    )
    return rng.uniform(1, 4) * fibres


def _density(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.25, 1)) if rng.random() < 0.3 else 1.0
