"""What the Fourier beamformer works out once: sizes, plane waves, and tables that every engine reads."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization
from sonolucent.beamform.channel_data import pass_band_hz, require_gain
from sonolucent.beamform.fourier import kaiser_bessel
from sonolucent.beamform.fourier.leg_waves import LegWaves, plan_leg_waves
from sonolucent.beamform.fourier.looks import Look, LookMasks
from sonolucent.beamform.fourier.plan_size import require_room_for_pairs
from sonolucent.beamform.fourier.sampling import (
    Sampling,
    choose_sampling,
    depth_step,
    image_scale,
    wavenumber_step,
    widest_sine,
)
from sonolucent.beamform.image_grid import ImageGrid

_MARGIN_BINS = 4
"""Depth bins kept free on either side of those that samples fall into, for the spreading kernel."""


@dataclass(frozen=True)
class FourierPlan:
    """NumPy tables alone: they know no engine, no FFT library and no device."""

    acquisition: Acquisition
    grid: ImageGrid
    tapers: tuple[Apodization, ...]
    """Of both legs; or of the receive, then the transmit leg."""
    sampling: Sampling
    leg_waves: LegWaves
    """The plane waves of one leg."""
    image_waves: NDArray[np.int64]
    """The image's lateral wavenumbers K, from steepest left to steepest right, in units of the step: (n_waves,)."""
    wave_phase: NDArray[np.complex64]
    """i exp(i K x) at the first column, x counted from the first element: (n_waves,)."""
    depth_bins: range
    """Bins of the depth FFT that samples spread to, before they wrap around."""
    taps: NDArray[np.float32]
    """The spreading kernel, see `kaiser_bessel.tap_table`."""
    tap_correction: NDArray[np.float32]
    """Undoes the spreading kernel's fall-off over depth: (n_z,)."""
    pixel_gain: NDArray[np.float32]
    """The scale of the sums times the gain asked for: (n_z, n_x)."""

    @property
    def steepest_wave(self) -> int:
        """The highest of `image_waves`, and the place of the wave 0 among them."""
        return self.image_waves.size // 2

    @property
    def k_x_rad_m(self) -> NDArray[np.float64]:
        """Lateral wavenumbers of the image, rising, (n_waves,)."""
        return np.asarray(self.image_waves * wavenumber_step(self.acquisition, self.sampling), dtype=np.float64)

    @property
    def k_z_rad_m(self) -> NDArray[np.float64]:
        """The depth wavenumber that each bin of the depth FFT stands for, (n_depth,)."""
        n, first = self.sampling.n_depth, self.depth_bins.start
        bins = first + (np.arange(n) - first) % n
        return np.asarray(bins * depth_step(self.grid, self.sampling), dtype=np.float64)

    @functools.cached_property
    def whole_spectrum(self) -> LookMasks:
        """The mask that lets everything through."""
        return self.masks_of([Look()])

    def masks_of(self, looks: Sequence[Look]) -> LookMasks:
        """The weights of some looks on this image's spectrum.

        Raises:
            ValueError: no looks.
        """
        return LookMasks(looks, self.k_x_rad_m, self.k_z_rad_m)

    def describe(self) -> str:
        """The sizes of the transforms, in a few words."""
        s = self.sampling
        return f"{s.n_offsets} offsets x {s.n_bins} of {s.n_time // 2} frequencies x {s.n_lateral} lateral wavenumbers"


def plan_fourier(
    acquisition: Acquisition,
    grid: ImageGrid,
    apodization: Apodization,
    gain: NDArray[np.float32] | None = None,
    transmit_apodization: Apodization | None = None,
) -> FourierPlan:
    """The tables for an acquisition, a grid, and a gain (n_z, n_x) of one where none is given; the transmit leg is
    weighted as the receive leg where nothing else is given.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape or is not finite, or the plan would
            take more memory than there is for it.
    """
    alike = transmit_apodization in (None, apodization)
    tapers = (apodization,) if alike or transmit_apodization is None else (apodization, transmit_apodization)
    sampling = choose_sampling(acquisition, grid, tapers)
    require_room_for_pairs(acquisition, grid, sampling, _widest_leg(acquisition, tapers))
    leg_waves = plan_leg_waves(acquisition, grid, tapers, sampling)
    steepest_wave = 2 * (leg_waves.depth_bin.shape[0] - 1)
    image_waves = np.arange(-steepest_wave, steepest_wave + 1)
    beta = kaiser_bessel.shape_parameter(sampling.n_depth / grid.n_z)
    return FourierPlan(
        acquisition=acquisition,
        grid=grid,
        tapers=tapers,
        sampling=sampling,
        leg_waves=leg_waves,
        image_waves=image_waves,
        wave_phase=_wave_phase(acquisition, grid, sampling, image_waves),
        depth_bins=_depth_bins(leg_waves),
        taps=kaiser_bessel.tap_table(beta),
        tap_correction=kaiser_bessel.de_apodization(beta, grid.n_z, sampling.n_depth),
        pixel_gain=image_scale(acquisition, grid, sampling) * require_gain(gain, grid),
    )


def _widest_leg(acquisition: Acquisition, tapers: Sequence[Apodization]) -> float:
    """The sine beyond which no leg has any weight, at the ends of the pass band."""
    ends = (2 * math.pi * hz / acquisition.sound_speed_m_s for hz in pass_band_hz(acquisition))
    return max(widest_sine(tapers, 0.0, k) for k in ends)


def _wave_phase(
    acquisition: Acquisition, grid: ImageGrid, sampling: Sampling, image_waves: NDArray[np.int64]
) -> NDArray[np.complex64]:
    shift_m = grid.x0_m - acquisition.probe.element_x_m[0]
    phase = 1j * np.exp(1j * wavenumber_step(acquisition, sampling) * shift_m * image_waves)
    return np.asarray(phase, dtype=np.complex64)


def _depth_bins(leg_waves: LegWaves) -> range:
    used = leg_waves.depth_bin[(leg_waves.weight != 0) | (leg_waves.transmit_weight != 0)]
    return range(math.floor(2 * used.min()) - _MARGIN_BINS, math.ceil(2 * used.max()) + _MARGIN_BINS)
