"""Shapes that anatomy is painted with: soft borders, lumpy outlines, curves across the image."""

from __future__ import annotations

import math

import numpy as np

from sonolucent.sim.anatomy.raster import Field, Raster

_HARMONICS = 7


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is evenly distributed."""
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def beyond(distance_m: Field, softness_m: float) -> Field:
    """How far a border is behind: 0 before it, 1 beyond, over some `softness_m`; positive distances are beyond."""
    return np.asarray(0.5 + 0.5 * np.tanh(distance_m / softness_m))


def lump(
    rng: np.random.Generator, raster: Raster, at_m: tuple[float, float], radii_m: tuple[float, float], roughness: float
) -> Field:
    """Distance (n_z, n_x) into a tilted ellipse whose edge random harmonics deform, negative outside; in m.

    Args:
        rng: draws the tilt and the harmonics.
        raster: of the pixels.
        at_m: x and z of its middle.
        radii_m: both.
        roughness: rms of the edge's deviations, as a share of the radius.
    """
    tilt, (across, down) = rng.uniform(-0.5, 0.5), (raster.x_m - at_m[0], raster.z_m - at_m[1])
    u = (across * math.cos(tilt) + down * math.sin(tilt)) / radii_m[0]
    v = (down * math.cos(tilt) - across * math.sin(tilt)) / radii_m[1]
    angle = np.arctan2(v, u)
    edge = np.ones_like(angle)
    for k in range(2, 2 + _HARMONICS):
        edge += roughness / k * rng.standard_normal() * np.cos(k * angle + rng.uniform(0, 2 * math.pi))
    return np.asarray((edge - np.hypot(u, v)) * math.sqrt(radii_m[0] * radii_m[1]))


def curve_m(rng: np.random.Generator, raster: Raster, *, bend_m: float, slope: float) -> Field:
    """Depths (1, n_x) of a line across the image, at no depth in particular: sloping, and bent over a centimetre."""
    return np.asarray(slope * raster.x_m + bend_m * raster.smooth_along(rng, log_uniform(rng, 6e-3, 20e-3)))


def between(raster: Raster, middle_m: float, half_width_m: float, softness_m: float) -> Field:
    """1 within so much of a lateral position, 0 elsewhere, (1, n_x)."""
    return beyond(half_width_m - np.abs(raster.x_m - middle_m), softness_m)
