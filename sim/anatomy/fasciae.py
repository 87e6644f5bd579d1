"""Fasciae, tendons and septa: thin bright curves, and short ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.paint import Paint
from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.anatomy.shapes import between, beyond, curve_m, log_uniform

_THINNEST_M, _THICKEST_M = 0.06e-3, 0.6e-3


def fasciae(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Three to fifteen across the image, most of them along the tissue's layers."""
    common_slope = rng.uniform(-0.12, 0.12)
    for _ in range(rng.integers(3, 16)):
        slope = common_slope + 0.05 * rng.standard_normal()
        depths_m = rng.uniform(3e-3, 39e-3) + curve_m(rng, raster, bend_m=rng.uniform(0, 0.5e-3), slope=slope)
        # A third of them cross the layers, as septa do.
        bend_m = raster.warp_m if rng.random() < 0.67 else 0.0
        middle_m, half_m = rng.uniform(-20e-3, 20e-3), rng.uniform(6e-3, 40e-3)
        yield _band(rng, raster, raster.z_m + bend_m - depths_m, between(raster, middle_m, half_m, 1.5e-3))


def dashes(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Up to thirteen short pieces: fibres that show where they lie across the beam."""
    for _ in range(rng.integers(0, 14)):
        slope, middle_m = 0.2 * rng.standard_normal(), rng.uniform(-20e-3, 20e-3)
        depth_m = rng.uniform(3e-3, 39e-3) + slope * (raster.x_m - middle_m)
        yield _band(rng, raster, raster.z_m - depth_m, between(raster, middle_m, rng.uniform(0.5e-3, 2.5e-3), 0.2e-3))


def fibrils(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Every other time: the short bright strands within a muscle, many of them, along its layers."""
    if rng.random() < 0.5:
        grain = raster.woven(
            rng,
            along_m=rng.uniform(1.5e-3, 5e-3),
            across_m=log_uniform(rng, 0.15e-3, 0.35e-3),
            slope=rng.uniform(-0.15, 0.15),
        )
        strands = np.maximum(grain - rng.uniform(1, 1.8), 0)
        middle_m, half_m = rng.uniform(4e-3, 30e-3), rng.uniform(2e-3, 9e-3)
        muscle = beyond(half_m - np.abs(raster.depth_m - middle_m), 0.5e-3)
        yield Paint(gain_db=rng.uniform(4, 12) * muscle * strands)


def _band(rng: np.random.Generator, raster: Raster, distance_m: Field, extent: Field) -> Paint:
    """A band along distance zero, of 4 to 17 dB, whose thickness and brightness vary along it, broken now and then."""
    thickness_m = log_uniform(rng, _THINNEST_M, _THICKEST_M) * 1.3 ** raster.smooth_along(rng, 4e-3)
    brightness = np.clip(1 + 0.35 * raster.smooth_along(rng, log_uniform(rng, 1e-3, 8e-3)), 0, 1.5)
    whole = np.clip(2.5 + 2 * raster.smooth_along(rng, rng.uniform(1.5e-3, 5e-3)), 0, 1) if rng.random() < 0.6 else 1.0
    profile = _flat if rng.random() < 0.3 else _gaussian
    return Paint(gain_db=rng.uniform(4, 17) * brightness * whole * extent * profile(distance_m / thickness_m))


def _gaussian(distance: Field) -> Field:
    """At full width at half height 1."""
    return np.asarray(np.exp(-4 * np.log(2) * distance**2))


def _flat(distance: Field) -> Field:
    return np.asarray(0.5 - 0.5 * np.tanh((np.abs(distance) - 0.5) / 0.1))
