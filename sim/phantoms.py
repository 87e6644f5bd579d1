"""Phantoms: point scatterers with known truth, seeded. All lie in x = -22..22 mm, z = 1.5..41 mm, the reference image.

phantom = make("cysts", seed=1)
channels = simulate(acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_X_M = (-22e-3, 22e-3)
_Z_M = (1.5e-3, 41e-3)
_ANECHOIC_DB = -60.0
# A wire stands about 20 dB above the speckle of the default density.
_WIRE_AMPLITUDE = 30.0
MOVING_PERIOD = 16
"""Frames after which the moving phantom is back where it began."""

Positions = NDArray[np.float64]


@dataclass(frozen=True)
class Inclusion:
    """An ellipse whose echogenicity differs from its surroundings by `contrast_db`."""

    x_m: float
    z_m: float
    radius_x_m: float
    radius_z_m: float
    contrast_db: float

    def contains(self, positions: Positions) -> NDArray[np.bool_]:
        """Which of the (n, 2) positions lie inside."""
        across = (positions[:, 0] - self.x_m) / self.radius_x_m
        along = (positions[:, 1] - self.z_m) / self.radius_z_m
        return np.asarray(across**2 + along**2 < 1)


@dataclass(frozen=True)
class Phantom:
    """Scatterers (n, 2) with amplitudes (n,), and the truth they were drawn from."""

    scatterers_m: Positions
    amplitudes: NDArray[np.float64]
    inclusions: tuple[Inclusion, ...] = ()
    wires_m: Positions = field(default_factory=lambda: np.empty((0, 2)))


def wires(seed: int = 0, frame: int = 0) -> Phantom:
    """Point targets in water: a column on the axis, a row at 20 mm, some off the grid. The same for every seed."""
    column = [(0.0, z) for z in (5e-3, 10e-3, 15e-3, 25e-3, 30e-3, 35e-3)]
    row = [(x, 20e-3) for x in (-15e-3, -10e-3, -5e-3, 0.1e-3, 5.3e-3, 10e-3, 15e-3)]
    oblique = [(-8.13e-3, 12.21e-3), (7.77e-3, 28.19e-3), (-6.4e-3, 33.07e-3)]
    positions = np.array(column + row + oblique)
    return Phantom(positions, np.ones(len(positions)), wires_m=positions)


def cysts(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """Round cysts in speckle, anechoic to hyperechoic (-60, -12, -6, +6, ... dB), and four wires."""
    rng = np.random.default_rng([1, seed])
    contrasts_db = rng.permutation([_ANECHOIC_DB, _ANECHOIC_DB, -12.0, -6.0, -3.0, 3.0, 6.0, 9.0, -20.0])
    centers = [(x, z) for z in (9e-3, 20e-3, 31e-3) for x in (-11e-3, 0.0, 11e-3)]
    inclusions = tuple(
        Inclusion(x, z, radius, radius, float(contrast))
        for (x, z), contrast, radius in zip(centers, contrasts_db, rng.uniform(2e-3, 3.2e-3, 9), strict=True)
    )
    points = np.array([(-5.5e-3, 14.5e-3), (5.5e-3, 14.5e-3), (-5.5e-3, 25.5e-3), (5.5e-3, 25.5e-3)])
    return _tissue(rng, n_scatterers, inclusions, points)


def moving(seed: int = 0, frame: int = 0, *, n_scatterers: int = 40_000) -> Phantom:
    """A pulsating vessel with bright walls in breathing tissue, over `MOVING_PERIOD` frames; cysts and wires around.

    The vessel's walls push the tissue without compressing it: radii grow so that areas beyond the wall are kept.
    """
    rng = np.random.default_rng([2, seed])
    vessel = Inclusion(1e-3, 19e-3, 4.5e-3, 4.5e-3, _ANECHOIC_DB)
    others = (
        Inclusion(-12e-3, 12e-3, 2.5e-3, 2.5e-3, _ANECHOIC_DB),
        Inclusion(12e-3, 11e-3, 2.2e-3, 2.2e-3, 8.0),
        Inclusion(-11e-3, 29e-3, 3e-3, 3e-3, -12.0),
        Inclusion(12.5e-3, 30e-3, 3e-3, 3e-3, _ANECHOIC_DB),
    )
    points = np.array([(-6e-3, 34e-3), (6e-3, 34e-3), (-15e-3, 20e-3), (15e-3, 21e-3)])
    rest = _tissue(rng, n_scatterers, (vessel, *others), points)
    from_wall = np.hypot(*(rest.scatterers_m - (vessel.x_m, vessel.z_m)).T) / vessel.radius_x_m
    wall_gain = np.where(from_wall < 1.12, 10 ** (9 / 20), 1.0)
    phase = 2 * math.pi * (frame % MOVING_PERIOD) / MOVING_PERIOD
    breathing = np.array([0.0, 0.3e-3 * math.sin(phase + 1.0)])
    moved = _pulsate(rest.scatterers_m, vessel, growth=0.12 * math.sin(phase)) + breathing
    return Phantom(moved, rest.amplitudes * wall_gain, others)


def random_tissue(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """The training family: layers, elliptic inclusions, vessels with bright walls, septa and wires, all random."""
    rng = np.random.default_rng([3, seed])
    positions = _uniform(rng, n_scatterers)
    level_db = _layers_db(rng, positions)
    inclusions = [_random_inclusion(rng) for _ in range(rng.integers(4, 10))]
    for inclusion in inclusions:
        level_db[inclusion.contains(positions)] = inclusion.contrast_db
    for _ in range(rng.integers(0, 3)):
        inclusions.append(_draw_vessel(rng, positions, level_db))
    for _ in range(rng.integers(1, 5)):
        _draw_septum(rng, positions, level_db)
    points = _uniform(rng, int(rng.integers(0, 6)))
    return _phantom(rng, positions, level_db, tuple(inclusions), points)


_MAKERS: dict[str, Callable[[int, int], Phantom]] = {
    "wires": wires,
    "cysts": cysts,
    "moving": moving,
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


def _tissue(
    rng: np.random.Generator, n_scatterers: int, inclusions: tuple[Inclusion, ...], points: Positions
) -> Phantom:
    """Uniform speckle with inclusions and wires."""
    positions = _uniform(rng, n_scatterers)
    level_db = np.zeros(n_scatterers)
    for inclusion in inclusions:
        level_db[inclusion.contains(positions)] = inclusion.contrast_db
    return _phantom(rng, positions, level_db, inclusions, points)


def _phantom(
    rng: np.random.Generator,
    positions: Positions,
    level_db: NDArray[np.float64],
    inclusions: tuple[Inclusion, ...],
    points: Positions,
) -> Phantom:
    """Scatterers with normally distributed amplitudes at the given levels; anechoic ones are left out."""
    amplitudes = rng.standard_normal(len(positions)) * 10 ** (level_db / 20)
    echoic = level_db > _ANECHOIC_DB
    return Phantom(
        np.concatenate([positions[echoic], points]),
        np.concatenate([amplitudes[echoic], np.full(len(points), _WIRE_AMPLITUDE)]),
        inclusions,
        points,
    )


def _pulsate(positions: Positions, vessel: Inclusion, growth: float) -> Positions:
    """Moves tissue radially about a round vessel whose radius becomes (1 + growth) times its own."""
    center = np.array([vessel.x_m, vessel.z_m])
    offset = positions - center
    radius = np.hypot(*offset.T)
    added_area = vessel.radius_x_m**2 * ((1 + growth) ** 2 - 1)
    return np.asarray(center + offset * (np.sqrt(radius**2 + added_area) / radius)[:, None])


def _layers_db(rng: np.random.Generator, positions: Positions) -> NDArray[np.float64]:
    """Three to six layers with wavy borders."""
    depths = np.sort(rng.uniform(4e-3, 38e-3, rng.integers(2, 6)))
    height, length, shift = rng.uniform((0.2e-3, 15e-3, 0), (1.2e-3, 50e-3, 6))
    wave = height * np.sin(2 * np.pi * positions[:, 0] / length + shift)
    layer = np.searchsorted(depths, positions[:, 1] + wave)
    return np.asarray(rng.uniform(-8, 8, len(depths) + 1)[layer], dtype=np.float64)


def _random_inclusion(rng: np.random.Generator) -> Inclusion:
    x, z = rng.uniform(-18e-3, 18e-3), rng.uniform(4e-3, 37e-3)
    contrast_db = _ANECHOIC_DB if rng.random() < 0.25 else rng.uniform(-30, 10)
    return Inclusion(x, z, rng.uniform(1e-3, 5e-3), rng.uniform(1e-3, 4e-3), contrast_db)


def _draw_vessel(rng: np.random.Generator, positions: Positions, level_db: NDArray[np.float64]) -> Inclusion:
    """A lumen with a bright wall; returns the lumen."""
    x, z, radius = rng.uniform(-16e-3, 16e-3), rng.uniform(6e-3, 35e-3), rng.uniform(1e-3, 3.5e-3)
    wall_m = rng.uniform(0.2e-3, 0.6e-3)
    lumen = Inclusion(x, z, radius, radius, _ANECHOIC_DB)
    level_db[Inclusion(x, z, radius + wall_m, radius + wall_m, 0).contains(positions)] = rng.uniform(6, 14)
    level_db[lumen.contains(positions)] = _ANECHOIC_DB
    return lumen


def _draw_septum(rng: np.random.Generator, positions: Positions, level_db: NDArray[np.float64]) -> None:
    """A thin bright band at a random slope."""
    angle, depth = rng.uniform(-0.5, 0.5), rng.uniform(4e-3, 38e-3)
    distance = (positions[:, 1] - depth) * math.cos(angle) - positions[:, 0] * math.sin(angle)
    level_db[np.abs(distance) < rng.uniform(0.1e-3, 0.3e-3)] = rng.uniform(6, 14)
