"""What every beamformer of a comparison is given: one frame, one grid, one aperture, and the exact image of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform import (
    Acquisition,
    AngleTaper,
    DelayAndSum,
    ImageGrid,
    PlaneWave,
    Probe,
    TransmitSequence,
    band_weight,
    find_waves,
    leg_weights,
)
from sonolucent.sim import digitize, phantoms, simulate

Image = NDArray[np.complexfloating]


@dataclass(frozen=True)
class Beamformer:
    """One row of the table: `image()` forms the whole frame's image (n_z, n_x), all its shots and receivers."""

    name: str
    version: str
    threads: int
    image: Callable[[], Image]


@dataclass(frozen=True)
class Scene:
    """A cyst phantom in speckle, with four points, seen through `taper`: on both legs, or on receive alone of waves.

    Time zero is sample 0, so that adapters need not carry it.
    """

    acquisition: Acquisition
    grid: ImageGrid
    taper: AngleTaper
    channels: NDArray[np.int16]
    points_m: NDArray[np.float64]
    """x and z, (n, 2)"""

    @classmethod
    def of_single_elements(cls) -> Scene:
        """All 64 x 64 pairs of the reference probe."""
        return cls._simulated(Acquisition(), ImageGrid.sau64(), AngleTaper(0.2618))

    @classmethod
    def of_plane_waves(cls) -> Scene:
        """11 plane waves of -16 to 16 degrees before 128 elements.

        Pixels are half a pitch apart, as wide as the image's resolution allows: delay-and-sum pays for each.
        """
        probe = Probe.linear(n_elements=128, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=5e6)
        sequence = TransmitSequence.plane_waves(probe, np.deg2rad(np.linspace(-16, 16, 11)), 1540.0)
        acquisition = Acquisition(probe=probe, sequence=sequence, n_samples=2048, sampling_frequency_hz=31.25e6)
        grid = ImageGrid.linear(x_m=(-19.2e-3, 19.05e-3), z_m=(5e-3, 40e-3), shape=(500, 256))
        return cls._simulated(acquisition, grid, AngleTaper())

    @classmethod
    def _simulated(cls, acquisition: Acquisition, grid: ImageGrid, taper: AngleTaper) -> Scene:
        phantom = phantoms.make("cysts", seed=1)
        channels = simulate(
            acquisition, scatterers_m=phantom.scatterers_m, amplitudes=phantom.amplitudes, snr_db=30, seed=1
        )
        return cls(acquisition, grid, taper, digitize(channels), phantom.wires_m)

    @property
    def waves(self) -> tuple[PlaneWave, ...]:
        """The plane wave of each shot; none where single elements transmit."""
        return find_waves(self.acquisition)

    @property
    def f_number(self) -> float:
        """Depth over aperture of the taper's outermost angle."""
        return 1 / (2 * math.tan(self.taper.max_angle_rad))

    def receive_weights(self) -> NDArray[np.float32]:
        """The taper's weight of each element at each pixel, (n_z, n_x, n_rx)."""
        return leg_weights(self.acquisition, self.grid, self.taper, 2 * math.pi / self.acquisition.wavelength_m)

    def transmit_weights(self) -> NDArray[np.float32]:
        """The same of each shot, (n_z, n_x, n_tx): single elements are tapered, waves are not."""
        if self.waves:
            return np.ones((*self.grid.shape, len(self.waves)), np.float32)
        return self.receive_weights()[..., list(self.acquisition.tx_elements)]

    def transmit_delays_s(self) -> NDArray[np.float64]:
        """When each shot has every element fire, (n_tx, n_elements); NaN where it is silent."""
        if self.acquisition.sequence is not None:
            return self.acquisition.sequence.delays_s
        fires = np.arange(self.acquisition.n_rx) == np.array(self.acquisition.tx_elements)[:, None]
        return np.where(fires, 0.0, np.nan)

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
