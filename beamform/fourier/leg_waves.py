"""The plane waves of a leg, from an element to a pixel: their weights and where they land in the image.

A full-matrix frame S(omega; u, v) is imaged by back-propagating both legs as plane waves:

    I(x, z) = i z / (2 pi) * sum over omega, k_t, k_r of  w(k_t) w(k_r) S(omega; k_t, k_r) exp(i (K x + k_z z))
    K = k_t + k_r,   k_z = k_zt + k_zr,   k_zleg = sqrt(k^2 - k_x^2)

With w(k_x) = taper(k_x / k) k / k_zleg^(3/2), the stationary phase of taper(sin theta) exp(i k r) (Weyl's expansion of
a cylindrical wave), that is delay-and-sum's image but for diffraction at the taper's edge, of order 1 / (k z). Here w
is the leg's own spectrum at one depth z', where most of the image's energy lies: what is left out, of order
1 / (k z) - 1 / (k z'), vanishes there.

Legs may be weighted apart. The frame S is folded, (k_t, k_r) and (k_r, k_t) added up, since sound travels both ways
alike (reciprocity); so the image has the mean of w_t(k_t) w_r(k_r) and w_t(k_r) w_r(k_t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization
from sonolucent.beamform.channel_data import band_weight, bin_frequency_hz
from sonolucent.beamform.compute.matrix_product import product
from sonolucent.beamform.fourier.sampling import Sampling, depth_center_m, depth_step, wavenumber_step, widest_sine
from sonolucent.beamform.image_grid import ImageGrid

_EXACT_AT = 0.75
"""The depth at which legs are exact, as a part of the deepest row's: the sum over pairs is strongest deep down."""


@dataclass(frozen=True)
class LegWaves:
    """Plane waves of one leg: row m is |k_x| = m * wavenumber_step, columns are the pass band's frequencies."""

    depth_bin: NDArray[np.float32]
    """k_zleg in bins of the depth FFT, (n_waves, n_bins)."""
    weight: NDArray[np.complex64]
    """w(k_x) of the receive leg, with half of the phases that refer both time and depth to their centres,
    (n_waves, n_bins)."""
    transmit_weight: NDArray[np.complex64]
    """That of the transmit leg; the same array where both are weighted alike."""
    first_bin: NDArray[np.int64]
    """Column from which the wave propagates within the taper, (n_waves,); n_bins where it never does."""


def plan_leg_waves(
    acquisition: Acquisition, grid: ImageGrid, tapers: Sequence[Apodization], sampling: Sampling
) -> LegWaves:
    """Tables of every plane wave that one of the tapers lets through: that of both legs, or receive, then transmit."""
    bins = sampling.first_bin + np.arange(sampling.n_bins)
    frequency_hz = bin_frequency_hz(acquisition, sampling.n_time, bins)
    k = 2 * np.pi * frequency_hz / acquisition.sound_speed_m_s
    step = wavenumber_step(acquisition, sampling)
    limit = max(value * widest_sine(tapers, 0.0, value) for value in k)
    k_x = step * np.arange(math.floor(limit / step) + 1)[:, None]
    passes = [(taper.weight(np.minimum(k_x / k, 1.0), k) > 0) & (k_x < k) for taper in tapers]
    k_x = k_x[: 1 + int(np.flatnonzero(np.any(passes, axis=(0, 2))).max())]
    passes = [lets_through[: k_x.size] for lets_through in passes]
    k_z = np.sqrt(np.maximum(k**2 - k_x**2, (1e-3 * k) ** 2))
    first_sample = acquisition.initial_time_s * acquisition.sampling_frequency_hz
    half_phase = k_z * depth_center_m(grid) - np.pi * bins / sampling.n_time * first_sample
    phase = np.sqrt(band_weight(acquisition, frequency_hz)) * np.exp(1j * half_phase)
    spectra = [leg_spectrum(taper, k, k_x, k_z, _EXACT_AT * grid.z_m[-1]) for taper in tapers]
    weights = [(spectrum * p * phase).astype(np.complex64) for spectrum, p in zip(spectra, passes, strict=True)]
    either = np.any(passes, axis=0)
    return LegWaves(
        depth_bin=(k_z / depth_step(grid, sampling)).astype(np.float32),
        weight=weights[0],
        transmit_weight=weights[-1],
        first_bin=np.where(either.any(axis=1), either.argmax(axis=1), sampling.n_bins),
    )


def leg_spectrum(
    apodization: Apodization,
    k: NDArray[np.float64],
    k_x: NDArray[np.float64],
    k_z: NDArray[np.float64],
    z_m: float,
) -> NDArray[np.complex128]:
    """w(k_x), (n_waves, n_bins): the lateral spectrum of taper(sin theta) exp(i k r) at depth z, without what
    propagation to z and the stationary phase have in common, sqrt(z / 2 pi) exp(i (k_z z + pi / 4))."""
    steepest = math.asin(min(apodization.sine_at(0.0, k[0]), 0.98))
    dx_m = np.pi / k[-1]
    x_m = dx_m * np.arange(math.ceil(z_m * math.tan(steepest) / dx_m) + 1)
    r_m = np.hypot(x_m, z_m)
    leg = apodization.weight((x_m / r_m)[:, None], k) * np.exp(1j * k * (r_m - z_m)[:, None])
    leg[0] /= 2  # the leg is even in x: cosines of one half, of which the axis has both
    spectrum = dx_m / np.pi * product(np.cos(k_x * x_m), leg.view(np.float64)).view(np.complex128)
    return np.asarray(spectrum * np.exp(1j * ((k - k_z) * z_m - np.pi / 4)) / np.sqrt(z_m / (2 * np.pi)))
