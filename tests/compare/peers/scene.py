"""What every beamformer of the comparison is given: one frame, one grid, one aperture, and the exact image of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, AngleTaper, DelayAndSum, ImageGrid, band_weight, leg_weights
from sonolucent.sim import digitize, phantoms, simulate

Image = NDArray[np.complexfloating]


@dataclass(frozen=True)
class Beamformer:
    """One row of the table: `image()` forms the whole frame's image (n_z, n_x), all 64 x 64 pairs of it."""

    name: str
    version: str
    threads: int
    image: Callable[[], Image]


class Scene:
    """A cyst phantom in speckle before the reference probe, seen through `taper` on both legs.

    Time zero is sample 0, so that adapters need not carry it.
    """

    def __init__(self) -> None:
        self.acquisition = Acquisition()
        self.grid = ImageGrid.sau64()
        self.taper = AngleTaper(0.2618)
        phantom = phantoms.make("cysts", seed=1)
        self.channels = digitize(
            simulate(
                self.acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=30, seed=1
            )
        )

    @property
    def f_number(self) -> float:
        """Depth over aperture of the taper's outermost angle."""
        return 1 / (2 * math.tan(self.taper.max_angle_rad))

    def weights(self) -> NDArray[np.float32]:
        """The taper's weight of each element at each pixel, (n_z, n_x, n_elements); the same for both legs."""
        return leg_weights(self.acquisition, self.grid, self.taper, 2 * math.pi / self.acquisition.wavelength_m)

    def reference(self) -> Image:
        """Delay-and-sum in double precision, complex128 (n_z, n_x)."""
        return DelayAndSum(self.acquisition, self.grid, apodization=self.taper, dtype=np.complex128)(self.channels)

    def baseband(self) -> NDArray[np.complex64]:
        """I/Q data (n_tx, n_rx, n_samples): the pass band's analytic signals, shifted down by the centre frequency."""
        acquisition = self.acquisition
        frequency_hz = np.arange(acquisition.n_samples // 2 + 1) * (
            acquisition.sampling_frequency_hz / acquisition.n_samples
        )
        analytic = np.zeros(acquisition.shape, np.complex64)
        spectrum = scipy.fft.rfft(self.channels.astype(np.float32))
        analytic[..., : frequency_hz.size] = 2 * band_weight(acquisition, frequency_hz) * spectrum
        carrier = np.exp(-2j * np.pi * acquisition.probe.center_frequency_hz * acquisition.time_s)
        return scipy.fft.ifft(analytic, overwrite_x=True) * carrier.astype(np.complex64)
