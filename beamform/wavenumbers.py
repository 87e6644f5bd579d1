"""The plan of the Fourier beamformer: which plane waves it uses, their weights, and where each lands in the image.

A full-matrix frame S(omega; u, v) is imaged by back-propagating both legs as plane waves. The stationary-phase
expansion of the cylindrical wave exp(i k r) (Weyl) gives each leg's weight, so that the image equals delay-and-sum's:

    I(x, z) = i z / (2 pi) * sum over omega, k_t, k_r of  w(k_t) w(k_r) S(omega; k_t, k_r) exp(i (K x + k_z z))
    w(k_x)  = taper(k_x / k) * k / k_zleg^(3/2),   K = k_t + k_r,   k_z = k_zt + k_zr,   k_zleg = sqrt(k^2 - k_x^2)

The elements sample each leg at the pitch, so S is periodic in k_t and k_r. An array whose pitch exceeds half a
wavelength still radiates beyond its Nyquist wavenumber, and so every leg below the taper's limit is used, reading S
periodically (the extension). (reference: Hunter et al. 2008; Moghimirad et al. 2016; derivation in docs/imaging.md)
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.apodization import Apodization
from sonolucent.beamform.channels import band_weight, pass_band_hz, require_record
from sonolucent.beamform.geometry import Acquisition, ImageGrid


@dataclass(frozen=True)
class Sampling:
    """Sizes of the transforms, all chosen so that nothing wraps around into the image."""

    n_time: int
    """Length of the time FFT."""
    first_bin: int
    """First frequency bin of the pass band."""
    n_bins: int
    """Frequency bins of the pass band."""
    n_lateral: int
    """Lateral period, in pitches; even."""
    n_offsets: int
    """Offsets |receiver - transmitter| that carry signal within the apodization."""
    n_depth: int
    """Length of the depth FFT; its period exceeds the image's depth by the oversampling of k_z."""


@dataclass(frozen=True)
class Legs:
    """Plane waves of one leg: row m is |k_x| = m * wavenumber_step, columns are the pass band's frequencies."""

    depth_bin: NDArray[np.float32]
    """k_zleg in bins of the depth FFT, (n_waves, n_bins)."""
    weight: NDArray[np.complex64]
    """w(k_x), with half of the phases that refer both time and depth to their centres, (n_waves, n_bins)."""
    first_bin: NDArray[np.int64]
    """Column from which the wave propagates within the taper, (n_waves,); n_bins where it never does."""


# Spreading onto k_z by a kernel four bins wide errs by 0.2 % at this oversampling.
_DEPTH_OVERSAMPLING = 1.29


def choose_sampling(acquisition: Acquisition, grid: ImageGrid, apodization: Apodization) -> Sampling:
    """Sizes for an acquisition and a grid.

    Raises:
        ValueError: the grid reaches beyond what the record holds.
    """
    c, pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    require_record(acquisition, grid)
    center_hz, bandwidth = acquisition.probe.center_frequency_hz, acquisition.probe.fractional_bandwidth
    steepest = _tangent(apodization.sine_at(0.01, 2 * math.pi * pass_band_hz(acquisition)[0] / c))
    center = _tangent(apodization.sine_at(0.01, 2 * math.pi * center_hz / c))
    # Pairs further apart reach no pixel but with both legs below a quarter, at frequencies below the -6 dB edge.
    widest = _tangent(apodization.sine_at(0.25, 2 * math.pi * center_hz * (1 - bandwidth / 2) / c))
    deepest_m = grid.z_m[-1]
    n_time = _time_length(acquisition, grid, deepest_m * math.hypot(1, steepest))
    frequency_hz = np.arange(n_time // 2, dtype=np.float64) * acquisition.sampling_frequency_hz / n_time
    in_band = np.flatnonzero(band_weight(acquisition, frequency_hz) > 0)
    span_m = max(grid.x_m[-1], 0.0) - min(grid.x_m[0], 0.0)
    aperture_m = acquisition.n_rx * pitch
    reach_m = max(aperture_m, span_m) + deepest_m * center
    return Sampling(
        n_time=n_time,
        first_bin=int(in_band[0]),
        n_bins=len(in_band),
        n_lateral=_even_smooth(reach_m / pitch),
        n_offsets=min(acquisition.n_rx, math.ceil(2 * deepest_m * widest / pitch) + 1),
        n_depth=scipy.fft.next_fast_len(math.ceil(_DEPTH_OVERSAMPLING * grid.n_z) + 8),
    )


def plan_legs(acquisition: Acquisition, grid: ImageGrid, apodization: Apodization, sampling: Sampling) -> Legs:
    """Tables of every plane wave that the apodization lets through."""
    frequency_hz = (sampling.first_bin + np.arange(sampling.n_bins, dtype=np.float64)) * (
        acquisition.sampling_frequency_hz / sampling.n_time
    )
    k = 2 * np.pi * frequency_hz / acquisition.sound_speed_m_s
    step = wavenumber_step(acquisition, sampling)
    limit = max(value * apodization.sine_at(0.0, value) for value in k)
    k_x = step * np.arange(math.floor(limit / step) + 1)[:, None]
    k_z = np.sqrt(np.maximum(k**2 - k_x**2, (1e-3 * k) ** 2))
    taper = apodization.weight(np.minimum(k_x / k, 1.0), k) * (k_x < k)
    amplitude = taper * np.sqrt(band_weight(acquisition, frequency_hz)) * k / k_z**1.5
    half_phase = k_z * depth_center_m(grid) - np.pi * frequency_hz * acquisition.initial_time_s
    n_waves = 1 + int(np.flatnonzero((amplitude > 0).any(axis=1)).max())
    passes = amplitude[:n_waves] > 0
    return Legs(
        depth_bin=(k_z[:n_waves] / depth_step(grid, sampling)).astype(np.float32),
        weight=(amplitude * np.exp(1j * half_phase))[:n_waves].astype(np.complex64),
        first_bin=np.where(passes.any(axis=1), passes.argmax(axis=1), sampling.n_bins),
    )


def wavenumber_step(acquisition: Acquisition, sampling: Sampling) -> float:
    """Spacing of lateral wavenumbers, rad/m."""
    return 2 * math.pi / (sampling.n_lateral * acquisition.probe.pitch_m)


def depth_step(grid: ImageGrid, sampling: Sampling) -> float:
    """Spacing of the image's depth wavenumbers, rad/m."""
    return 2 * math.pi / (sampling.n_depth * grid.dz_m)


def depth_center_m(grid: ImageGrid) -> float:
    """The depth about which spreading is symmetric: the row n_z // 2."""
    return grid.z0_m + grid.dz_m * (grid.n_z // 2)


def _time_length(acquisition: Acquisition, grid: ImageGrid, longest_leg_m: float) -> int:
    """Samples after which the record may repeat without an echo of the image's depths reading the wrong end."""
    c, rate_hz = acquisition.sound_speed_m_s, acquisition.sampling_frequency_hz
    record_end_s = acquisition.initial_time_s + acquisition.n_samples / rate_hz
    needed_s = max(
        2 * longest_leg_m / c - acquisition.initial_time_s,
        record_end_s - 2 * grid.z0_m / c,
    )
    return int(scipy.fft.next_fast_len(max(acquisition.n_samples, math.ceil(needed_s * rate_hz)), real=True))


def _tangent(sine: float) -> float:
    return sine / math.sqrt(1 - sine**2)


def _even_smooth(minimum: float) -> int:
    return 2 * int(scipy.fft.next_fast_len(math.ceil(minimum / 2 - 0.25)))
