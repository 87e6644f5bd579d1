"""A family of phantoms that look like anatomy: necks, breasts, muscles, and what no body has."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonolucent.sim.anatomy.bones import bones
from sonolucent.sim.anatomy.dead_zones import dead_zones
from sonolucent.sim.anatomy.fasciae import dashes, fasciae, fibrils
from sonolucent.sim.anatomy.layers_of_tissue import layers, skin
from sonolucent.sim.anatomy.lesions import lesions
from sonolucent.sim.anatomy.lobules import lobules
from sonolucent.sim.anatomy.paint import Ingredient, Paint, Reflectors, Tissue, painted_tissue
from sonolucent.sim.anatomy.raster import Raster
from sonolucent.sim.anatomy.uneven_gain import slow_gain, streaks
from sonolucent.sim.anatomy.vessels import vessels
from sonolucent.sim.echogenicity import ANECHOIC_DB, EchogenicityMap
from sonolucent.sim.phantom import Phantom
from sonolucent.sim.scattering import WIRE_AMPLITUDE, anywhere, speckle

_FAMILY = 5
"""What parts its random numbers from those of other families."""


def wires(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
    """Up to five points, from needles, gas or clips: about as bright as the wires of a test phantom."""
    n = int(rng.integers(0, 6))
    amplitudes = WIRE_AMPLITUDE * 10 ** (rng.uniform(-10, 2, n) / 20)
    yield Paint(reflectors=Reflectors(anywhere(rng, n), amplitudes, points=True))


INGREDIENTS: tuple[Ingredient, ...] = (
    layers,
    lobules,
    skin,
    fibrils,
    fasciae,
    lesions,
    vessels,
    dashes,
    bones,
    streaks,
    slow_gain,
    wires,
    dead_zones,
)
"""In the order in which they are painted over one another."""


def anatomy(seed: int = 0, frame: int = 0, *, n_scatterers: int = 110_000) -> Phantom:
    """Tissue as in the body: layers, lobules, fasciae, lesions, vessels and bones; other tissue in every frame.

    Args:
        seed, frame: which one.
        n_scatterers: over the whole extent; fewer where tissue has few, none where nothing echoes.
    """
    rng = np.random.default_rng([_FAMILY, seed, frame])
    tissue = painted_tissue(rng, Raster.of_warped_tissue(rng), INGREDIENTS)
    return _phantom(rng, tissue, n_scatterers)


def _phantom(rng: np.random.Generator, tissue: Tissue, n_scatterers: int) -> Phantom:
    truth = EchogenicityMap(tissue.raster.grid, tissue.echogenicity_db)
    positions = anywhere(rng, n_scatterers)
    density = tissue.raster.at(tissue.density, positions)
    kept = rng.random(n_scatterers) < density
    # Few scatterers are as much stronger: echogenicity is their power in all.
    level_db = truth.at(positions[kept]) - 10 * np.log10(density[kept])
    scatterers, amplitudes = speckle(rng, positions[kept], level_db)
    points = [group.positions_m for group in tissue.reflectors if group.points]
    return Phantom(
        np.concatenate([scatterers, *(group.positions_m for group in tissue.reflectors)]),
        np.concatenate([amplitudes, *(group.amplitudes for group in tissue.reflectors)]),
        wires_m=np.concatenate([np.empty((0, 2)), *points]),
        regions=(truth,),
        background_db=ANECHOIC_DB,
    )
