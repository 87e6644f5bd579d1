"""Regions of random tissue. Each call draws one from the generator; all lie in the reference image."""

from __future__ import annotations

import numpy as np

from sonolucent.sim.echogenicity import ANECHOIC_DB, Inclusion, Layers, Septum


def layers(rng: np.random.Generator) -> Layers:
    """Three to six layers with wavy borders."""
    borders_m = np.sort(rng.uniform(4e-3, 38e-3, rng.integers(2, 6)))
    height, length, phase = rng.uniform((0.2e-3, 15e-3, 0), (1.2e-3, 50e-3, 6))
    return Layers(borders_m, rng.uniform(-8, 8, len(borders_m) + 1), height, length, phase)


def inclusion(rng: np.random.Generator) -> Inclusion:
    """An ellipse, anechoic one time in four."""
    x, z = rng.uniform(-18e-3, 18e-3), rng.uniform(4e-3, 37e-3)
    contrast_db = ANECHOIC_DB if rng.random() < 0.25 else rng.uniform(-30, 10)
    return Inclusion(x, z, rng.uniform(1e-3, 5e-3), rng.uniform(1e-3, 4e-3), contrast_db)


def vessel(rng: np.random.Generator) -> tuple[Inclusion, Inclusion]:
    """A bright wall and the lumen in it."""
    x, z, radius = rng.uniform(-16e-3, 16e-3), rng.uniform(6e-3, 35e-3), rng.uniform(1e-3, 3.5e-3)
    outer = radius + rng.uniform(0.2e-3, 0.6e-3)
    wall = Inclusion(x, z, outer, outer, rng.uniform(6, 14))
    return wall, Inclusion(x, z, radius, radius, ANECHOIC_DB)


def septum(rng: np.random.Generator) -> Septum:
    """A thin bright band at a random slope."""
    angle, depth = rng.uniform(-0.5, 0.5), rng.uniform(4e-3, 38e-3)
    level_db = rng.uniform(6, 14)
    return Septum(depth, angle, rng.uniform(0.1e-3, 0.3e-3), level_db)
