"""Phantoms: point scatterers with known truth, seeded. All lie in x = -22..22 mm, z = 1.5..41 mm, the reference image.

phantom = make("cysts", seed=1)
channels = simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.sim import random_regions
from sonolucent.sim.echogenicity import ANECHOIC_DB, Inclusion, Positions, Region, painted

_X_M = (-22e-3, 22e-3)
_Z_M = (1.5e-3, 41e-3)
# A wire stands about 20 dB above the speckle of the default density.
WIRE_AMPLITUDE = 30.0
FULLY_DEVELOPED = 200_000
"""Scatterers of a phantom that are eleven to a resolution cell of the reference image, 0.56 x 0.17 mm at -6 dB, and
make speckle fully developed; the default, for speed, is six."""
MOVING_PERIOD = 16
"""Frames after which the moving phantom is back where it began."""


def _unmoved(positions: Positions) -> Positions:
    """Of tissue that does not move."""
    return positions


@dataclass(frozen=True)
class Phantom:
    """Scatterers (n, 2) with amplitudes (n,), and the truth they were drawn from."""

    scatterers_m: Positions
    amplitudes: NDArray[np.float64]
    inclusions: tuple[Inclusion, ...] = ()
    wires_m: Positions = field(default_factory=lambda: np.empty((0, 2)))
    regions: tuple[Region, ...] = ()
    background_db: float = 0.0
    at_rest: Callable[[Positions], Positions] = field(default=_unmoved, compare=False)
    """Where the tissue that is now at some positions was when `regions` were drawn."""

    def echogenicity_db(self, grid: ImageGrid) -> NDArray[np.float64]:
        """The truth that an image without speckle and blur would show: echogenicity (n_z, n_x) in dB at the pixels.

        Plain tissue is at 0 dB, what does not echo at -60 dB. Wires are points and have no echogenicity.
        """
        z, x = np.meshgrid(grid.z_m, grid.x_m, indexing="ij")
        pixels = np.stack([x.ravel(), z.ravel()], axis=1)
        return painted(self.regions, self.at_rest(pixels), self.background_db).reshape(grid.shape)


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
    positions = _uniform(rng, n_scatterers)
    layers = random_regions.layers(rng)
    inclusions = [random_regions.inclusion(rng) for _ in range(rng.integers(4, 10))]
    vessels = [random_regions.vessel(rng) for _ in range(rng.integers(0, 3))]
    septa = [random_regions.septum(rng) for _ in range(rng.integers(1, 5))]
    points = _uniform(rng, int(rng.integers(0, 6)))
    walls_and_lumens = [region for vessel in vessels for region in vessel]
    regions: tuple[Region, ...] = (layers, *inclusions, *walls_and_lumens, *septa)
    return _phantom(rng, positions, regions, (*inclusions, *(lumen for _, lumen in vessels)), points)


_MAKERS: dict[str, Callable[[int, int], Phantom]] = {
    "wires": wires,
    "cysts": cysts,
    "moving": moving,
    "uniform": uniform,
    "random_tissue": random_tissue,
}
NAMES = tuple(_MAKERS)


def make(name: str, *, seed: int = 0, frame: int = 0) -> Phantom:
    """The phantom `name` of NAMES; `frame` matters to "moving" alone.

    Raises:
        ValueError: no phantom of that name.
    """
    if name not in _MAKERS:
        raise ValueError(f"no phantom named {name!r}; choose one of {', '.join(NAMES)}")
    return _MAKERS[name](seed, frame)


def _uniform(rng: np.random.Generator, n: int) -> Positions:
    return np.stack([rng.uniform(*_X_M, n), rng.uniform(*_Z_M, n)], axis=1)


def _speckle(
    rng: np.random.Generator,
    n_scatterers: int,
    regions: tuple[Region, ...],
    inclusions: tuple[Inclusion, ...],
    points: Positions,
) -> Phantom:
    return _phantom(rng, _uniform(rng, n_scatterers), regions, inclusions, points)


def _phantom(
    rng: np.random.Generator,
    positions: Positions,
    regions: tuple[Region, ...],
    inclusions: tuple[Inclusion, ...],
    points: Positions,
) -> Phantom:
    """Scatterers with normally distributed amplitudes at the regions' levels; anechoic ones are left out."""
    level_db = painted(regions, positions)
    amplitudes = rng.standard_normal(len(positions)) * 10 ** (level_db / 20)
    echoic = level_db > ANECHOIC_DB
    return Phantom(
        np.concatenate([positions[echoic], points]),
        np.concatenate([amplitudes[echoic], np.full(len(points), WIRE_AMPLITUDE)]),
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
