"""What an ingredient of an anatomy does to the tissue that was there before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.anatomy.raster import Field, Raster
from sonolucent.sim.echogenicity import ANECHOIC_DB, Positions

FAINTEST_DB = -50.0
"""Below it tissue does not echo: shadows and dark lesions end here."""


@dataclass(frozen=True)
class Reflectors:
    """Echoes that stand at places of their own, (n, 2), with amplitudes (n,): not drawn from echogenicity."""

    positions_m: Positions = field(default_factory=lambda: np.empty((0, 2)))
    amplitudes: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    points: bool = False
    """Whether each is a point of its own, as a wire is."""

    def of(self, kept: NDArray[np.bool_]) -> Reflectors:
        """Some of them."""
        return replace(self, positions_m=self.positions_m[kept], amplitudes=self.amplitudes[kept])


@dataclass(frozen=True)
class Paint:
    """One coat: first it covers, then it brightens or darkens; all rasters (n_z, n_x), or what becomes one.

    Args:
        cover: how much of what lay there is covered, 0..1.
        level_db: the echogenicity of what covers it.
        density: the share of scatterers that what covers it has.
        gain_db: added to the level of everything, as a shadow or a brightening.
        reflectors: added.
    """

    cover: Field | float = 0.0
    level_db: Field | float = 0.0
    density: float = 1.0
    gain_db: Field | float = 0.0
    reflectors: Reflectors = field(default_factory=Reflectors)


Ingredient = Callable[[np.random.Generator, Raster], Iterable[Paint]]


@dataclass(frozen=True)
class Tissue:
    """What has been painted so far: level in dB and share of scatterers, (n_z, n_x), and reflectors."""

    raster: Raster
    level_db: Field
    density: Field
    reflectors: tuple[Reflectors, ...] = ()

    @classmethod
    def plain(cls, raster: Raster) -> Tissue:
        """Nothing painted yet: 0 dB everywhere."""
        return cls(raster, np.zeros(raster.grid.shape), np.ones(raster.grid.shape))

    def under(self, paint: Paint) -> Tissue:
        """This tissue with one more coat, which also hides the reflectors that it covers."""
        cover = np.broadcast_to(paint.cover, self.level_db.shape)
        visible = [group.of(self.raster.at(cover, group.positions_m) < 0.5) for group in self.reflectors]
        return Tissue(
            self.raster,
            self.level_db * (1 - cover) + cover * paint.level_db + paint.gain_db,
            self.density * (1 - cover) + cover * paint.density,
            (*visible, paint.reflectors),
        )

    @property
    def echogenicity_db(self) -> Field:
        """The level, and that of no echo where it is too faint."""
        return np.where(self.level_db > FAINTEST_DB, self.level_db, ANECHOIC_DB)


def painted_tissue(rng: np.random.Generator, raster: Raster, ingredients: Iterable[Ingredient]) -> Tissue:
    """All ingredients over one another, each with random numbers of its own."""
    tissue = Tissue.plain(raster)
    for coat in _coats(rng, raster, ingredients):
        tissue = tissue.under(coat)
    return tissue


def _coats(rng: np.random.Generator, raster: Raster, ingredients: Iterable[Ingredient]) -> Iterator[Paint]:
    for ingredient in ingredients:
        yield from ingredient(rng.spawn(1)[0], raster)
