"""From echogenicity to scatterers: where they lie, and how strong they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.echogenicity import ANECHOIC_DB, Positions

EXTENT_X_M = (-22e-3, 22e-3)
EXTENT_Z_M = (1.5e-3, 41e-3)
"""Where phantoms lie: a little more than what the reference image shows."""
FULLY_DEVELOPED = 200_000
"""Scatterers of a phantom that are eleven to a resolution cell of the reference image, 0.56 x 0.17 mm at -6 dB, and
make speckle fully developed; the default, for speed, is six."""
DEFAULT_DENSITY_M2 = 110_000 / ((EXTENT_X_M[1] - EXTENT_X_M[0]) * (EXTENT_Z_M[1] - EXTENT_Z_M[0]))
"""Scatterers a square metre of phantoms by default."""
# A wire stands about 20 dB above the speckle of the default density.
WIRE_AMPLITUDE = 30.0


def anywhere(rng: np.random.Generator, n: int) -> Positions:
    """Positions (n, 2) all over the extent of phantoms."""
    return np.stack([rng.uniform(*EXTENT_X_M, n), rng.uniform(*EXTENT_Z_M, n)], axis=1)


def speckle(
    rng: np.random.Generator, positions: Positions, level_db: NDArray[np.float64]
) -> tuple[Positions, NDArray[np.float64]]:
    """Those of the scatterers (n, 2) that echo, and their amplitudes: normally distributed, at a level (n,) in dB."""
    amplitudes = rng.standard_normal(len(positions)) * 10 ** (level_db / 20)
    echoic = level_db > ANECHOIC_DB
    return positions[echoic], amplitudes[echoic]
