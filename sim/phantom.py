"""What a phantom is: scatterers, and the truth they were drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.sim.echogenicity import Inclusion, Positions, Region, painted


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
