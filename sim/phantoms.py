"""Phantoms: point scatterers with known truth, seeded. All but pictures lie in x = -22..22 mm, z = 1.5..41 mm.

phantom = make("cysts", seed=1)
channels = simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sonolucent.sim import random_regions
from sonolucent.sim.anatomy.family import anatomy
from sonolucent.sim.echogenicity import ANECHOIC_DB, Inclusion, Positions, Region, painted
from sonolucent.sim.phantom import Phantom
from sonolucent.sim.picture import PREFIX, USAGE, picture, picture_maker
from sonolucent.sim.scattering import FULLY_DEVELOPED, WIRE_AMPLITUDE, anywhere, speckle

__all__ = [
    "FULLY_DEVELOPED",
    "MOVING_PERIOD",
    "NAMES",
    "WIRE_AMPLITUDE",
    "anatomy",
    "cysts",
    "find",
    "make",
    "moving",
    "picture",
    "random_tissue",
    "uniform",
    "wires",
]

MOVING_PERIOD = 16
"""Frames after which the moving phantom is back where it began."""


def wires(seed: int = 0, frame: int = 0) -> Phantom:
    """Point targets in water: a column on the axis, a row at 20 mm, some off the grid. The same for every seed."""
    column = [(0.0, z) for z in (5e-3, 10e-3, 15e-3, 25e-3, 30e-3, 35e-3)]
    row = [(x, 20e-3) for x in (-15e-3, -10e-3, -5e-3, 0.1e-3, 5.3e-3, 10e-3, 15e-3)]
    oblique = [(-8.13e-3, 12.21e-3), (7.77e-3, 28.19e-3), (-6.4e-3, 33.07e-3)]
    positions = np.array(column + row + oblique)
    return Phantom(positions, np.ones(len(positions)), wires_m=positions, background_db=ANECHOIC_DB)


def uniform(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """Speckle and nothing else: for gain maps and false structures."""
    return _speckle(np.random.default_rng([4, seed]), n_scatterers, (), (), np.empty((0, 2)))


def cysts(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """Round cysts in speckle, anechoic to hyperechoic (-60, -12, -6, +6, ... dB), and four wires."""
    rng = np.random.default_rng([1, seed])
    contrasts_db = rng.permutation([ANECHOIC_DB, ANECHOIC_DB, -12.0, -6.0, -3.0, 3.0, 6.0, 9.0, -20.0])
    centers = [(x, z) for z in (9e-3, 20e-3, 31e-3) for x in (-11e-3, 0.0, 11e-3)]
    inclusions = tuple(
        Inclusion(x, z, radius, radius, float(contrast))
        for (x, z), contrast, radius in zip(centers, contrasts_db, rng.uniform(2e-3, 3.2e-3, 9), strict=True)
    )
    points = np.array([(-5.5e-3, 14.5e-3), (5.5e-3, 14.5e-3), (-5.5e-3, 25.5e-3), (5.5e-3, 25.5e-3)])
    return _speckle(rng, n_scatterers, inclusions, inclusions, points)


def moving(seed: int = 0, frame: int = 0, *, n_scatterers: int = 40_000) -> Phantom:
    """A pulsating vessel with bright walls in breathing tissue, over `MOVING_PERIOD` frames; cysts and wires around.

    The vessel's walls push the tissue without compressing it: radii grow so that areas beyond the wall are kept.
    """
    rng = np.random.default_rng([2, seed])
    vessel = Inclusion(1e-3, 19e-3, 4.5e-3, 4.5e-3, ANECHOIC_DB)
    others = (
        Inclusion(-12e-3, 12e-3, 2.5e-3, 2.5e-3, ANECHOIC_DB),
        Inclusion(12e-3, 11e-3, 2.2e-3, 2.2e-3, 8.0),
        Inclusion(-11e-3, 29e-3, 3e-3, 3e-3, -12.0),
        Inclusion(12.5e-3, 30e-3, 3e-3, 3e-3, ANECHOIC_DB),
    )
    points = np.array([(-6e-3, 34e-3), (6e-3, 34e-3), (-15e-3, 20e-3), (15e-3, 21e-3)])
    wall = replace(vessel, radius_x_m=1.12 * vessel.radius_x_m, radius_z_m=1.12 * vessel.radius_z_m, contrast_db=9.0)
    rest = _speckle(rng, n_scatterers, (wall, vessel, *others), others, points)
    phase = 2 * math.pi * (frame % MOVING_PERIOD) / MOVING_PERIOD
    breathing = np.array([0.0, 0.3e-3 * math.sin(phase + 1.0)])
    added_m2 = vessel.radius_x_m**2 * ((1 + 0.12 * math.sin(phase)) ** 2 - 1)
    return replace(
        rest,
        scatterers_m=_pulsate(rest.scatterers_m, vessel, added_m2) + breathing,
        wires_m=_pulsate(points, vessel, added_m2) + breathing,
        at_rest=lambda positions: _pulsate(positions - breathing, vessel, -added_m2),
    )


def random_tissue(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """The training family: layers, elliptic inclusions, vessels with bright walls, septa and wires, all random.

    Each frame shows other tissue, as under a probe that is swept over a body.
    """
    rng = np.random.default_rng([3, seed, frame] if frame else [3, seed])
    positions = anywhere(rng, n_scatterers)
    layers = random_regions.layers(rng)
    inclusions = [random_regions.inclusion(rng) for _ in range(rng.integers(4, 10))]
    vessels = [random_regions.vessel(rng) for _ in range(rng.integers(0, 3))]
    septa = [random_regions.septum(rng) for _ in range(rng.integers(1, 5))]
    points = anywhere(rng, int(rng.integers(0, 6)))
    walls_and_lumens = [region for vessel in vessels for region in vessel]
    regions: tuple[Region, ...] = (layers, *inclusions, *walls_and_lumens, *septa)
    return _phantom(rng, positions, regions, (*inclusions, *(lumen for _, lumen in vessels)), points)


_MAKERS: dict[str, Callable[[int, int], Phantom]] = {
    "wires": wires,
    "cysts": cysts,
    "moving": moving,
    "uniform": uniform,
    "random_tissue": random_tissue,
    "anatomy": anatomy,
}
NAMES = tuple(_MAKERS)


def find(name: str) -> Callable[[int, int], Phantom]:
    """What makes the phantom `name` of a seed and a frame: one of NAMES, or "picture:FILE" (see `picture`).

    Raises:
        ValueError: no phantom of that name, or no such picture.
    """
    if name.startswith(PREFIX):
        return picture_maker(name)
    if name not in _MAKERS:
        raise ValueError(f"no phantom named {name!r}; choose one of {', '.join(NAMES)}, {USAGE}")
    return _MAKERS[name]


def make(name: str, *, seed: int = 0, frame: int = 0) -> Phantom:
    """The phantom that `find` finds; `frame` matters to "moving", "random_tissue", "anatomy" and pictures.

    Raises:
        ValueError: no phantom of that name, or no such picture.
    """
    return find(name)(seed, frame)


def _speckle(
    rng: np.random.Generator,
    n_scatterers: int,
    regions: tuple[Region, ...],
    inclusions: tuple[Inclusion, ...],
    points: Positions,
) -> Phantom:
    return _phantom(rng, anywhere(rng, n_scatterers), regions, inclusions, points)


def _phantom(
    rng: np.random.Generator,
    positions: Positions,
    regions: tuple[Region, ...],
    inclusions: tuple[Inclusion, ...],
    points: Positions,
) -> Phantom:
    """Scatterers with normally distributed amplitudes at the regions' levels; anechoic ones are left out."""
    scatterers, amplitudes = speckle(rng, positions, painted(regions, positions))
    return Phantom(
        np.concatenate([scatterers, points]),
        np.concatenate([amplitudes, np.full(len(points), WIRE_AMPLITUDE)]),
        inclusions,
        points,
        regions,
    )


def _pulsate(positions: Positions, vessel: Inclusion, added_m2: float) -> Positions:
    """Moves tissue radially about a vessel so that every circle's radius^2 grows by `added_m2`."""
    center = np.array([vessel.x_m, vessel.z_m])
    offset = positions - center
    radius = np.hypot(*offset.T)
    moved = np.sqrt(np.maximum(radius**2 + added_m2, 0))
    return np.asarray(center + offset * (moved / np.maximum(radius, 1e-12))[:, None])
