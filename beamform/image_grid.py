"""Where the image lies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.probe import axis, require_positive

MOST_PIXELS = 1 << 24
"""Of an image that somebody asks for; 16 times the pixels of a large screen."""
_ROUNDING = 1e-6
"""Of a pixel: an extent that is whole pixels but for rounding keeps its last one."""


@dataclass(frozen=True)
class ImageGrid:
    """A regular grid of pixels, shape (n_z, n_x): row = depth, column = lateral position.

    Args:
        x0_m, z0_m: position of pixel [0, 0].
        dx_m, dz_m: pixel spacing.
        n_z, n_x: number of rows and columns.

    Raises:
        ValueError: a spacing or size is not positive, a position is not finite, or the grid begins behind the array.
    """

    x0_m: float
    z0_m: float
    dx_m: float
    dz_m: float
    n_z: int
    n_x: int

    def __post_init__(self) -> None:
        for name in ("dx_m", "dz_m", "n_z", "n_x"):
            require_positive(self, name)
        for name in ("x0_m", "z0_m"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(f"ImageGrid: {name} must be finite, not {getattr(self, name)}")
        if self.z0_m < 0:
            raise ValueError(f"the grid begins at z = {self.z0_m:g} m, behind the array; z must be >= 0")

    @classmethod
    def linear(cls, *, x_m: tuple[float, float], z_m: tuple[float, float], shape: tuple[int, int]) -> ImageGrid:
        """The grid of `shape` (n_z, n_x) whose first and last pixels lie at the ends of `x_m` and `z_m`."""
        (x0, x1), (z0, z1), (n_z, n_x) = x_m, z_m, shape
        if n_z < 2 or n_x < 2:
            raise ValueError(f"shape {shape} needs at least two rows and two columns")
        return cls(x0, z0, (x1 - x0) / (n_x - 1), (z1 - z0) / (n_z - 1), n_z, n_x)

    @classmethod
    def spaced(cls, *, x_m: tuple[float, float], z_m: tuple[float, float], spacing_m: tuple[float, float]) -> ImageGrid:
        """The grid of columns and rows so far apart, (dx, dz), from the beginnings of `x_m` and `z_m` to their ends.

        Raises:
            ValueError: a spacing that is not positive, fewer than two rows or columns, or more pixels than make
                sense.
        """
        (x0, x1), (z0, z1), (dx, dz) = x_m, z_m, spacing_m
        if not (dx > 0 and dz > 0):
            raise ValueError(f"pixels {dz:g} x {dx:g} m apart; both must be positive: change spacing or sound speed")
        # Beyond the limit already, a number of pixels need not be one that an integer can be made of.
        n_z, n_x = (int(min(max(n, 0.0), MOST_PIXELS) + 1 + _ROUNDING) for n in ((z1 - z0) / dz, (x1 - x0) / dx))
        if n_x < 2 or n_z < 2 or n_x * n_z > MOST_PIXELS:
            raise ValueError(
                f"an image of {n_z} x {n_x} pixels, {dz * 1e3:.3g} x {dx * 1e3:.3g} mm apart; at least 2 x 2 and at "
                f"most {MOST_PIXELS} pixels are possible: change spacing, depth or width"
            )
        return cls(x0, z0, dx, dz, n_z, n_x)

    @classmethod
    def sau64(cls) -> ImageGrid:
        """The reference image: 620 x 256 from x = -20 mm in steps of pitch/4, from z = 1 mm in steps of 0.0625 mm."""
        return cls(x0_m=-20e-3, z0_m=1e-3, dx_m=0.15625e-3, dz_m=0.0625e-3, n_z=620, n_x=256)

    @classmethod
    def for_acquisition(cls, acquisition: Acquisition) -> ImageGrid:
        """The grid that fits an acquisition: pitch/4 across the aperture, three rows a wavelength.

        The depth runs from 1 mm, or from where the record begins, to where it ends for the outermost pixels. The
        reference acquisition has the reference grid, `sau64`.
        """
        if acquisition == Acquisition():
            return cls.sau64()
        probe = acquisition.probe
        half_m = probe.n_elements * probe.pitch_m / 2
        dz = acquisition.wavelength_m / 3
        first_m, last_m = acquisition.record_depths_m
        z0 = max(1e-3, first_m)
        z1 = last_m * math.cos(0.3)
        if z1 <= z0 + dz:
            raise ValueError(
                f"the record covers {first_m * 1e3:.2f}..{last_m * 1e3:.2f} mm, too little for an image; "
                "check n_samples, initial_time_s and sound_speed_m_s"
            )
        return cls(-half_m, z0, probe.pitch_m / 4, dz, int((z1 - z0) / dz) + 1, 4 * probe.n_elements)

    def within_record(self, acquisition: Acquisition) -> ImageGrid:
        """The rows of this grid that a record holds echoes of."""
        _, last_m = acquisition.record_depths_m
        return replace(self, n_z=min(self.n_z, int((last_m - self.z0_m) / self.dz_m) + 1))

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of an image, (n_z, n_x)."""
        return self.n_z, self.n_x

    @property
    def x_m(self) -> NDArray[np.float64]:
        """Lateral axis, shape (n_x,)."""
        return axis(self.x0_m, self.dx_m, self.n_x)

    @property
    def z_m(self) -> NDArray[np.float64]:
        """Depth axis, shape (n_z,)."""
        return axis(self.z0_m, self.dz_m, self.n_z)
