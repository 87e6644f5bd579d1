"""Sizes of the Fourier beamformer's transforms, and the spacing of its wavenumbers.

The elements sample each leg at the pitch, so the channel data's spectrum S is periodic in k_t and k_r. An array whose
pitch exceeds half a wavelength still radiates beyond its Nyquist wavenumber, and so every leg below the taper's limit
is used, reading S periodically (the extension). (reference: Hunter et al. 2008; Moghimirad et al. 2016; derivation in
docs/explanations/image-formation.md)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization
from sonolucent.beamform.channel_data import band_weight, bin_frequency_hz, pass_band_hz, require_record
from sonolucent.beamform.compute.column_fft import column_length
from sonolucent.beamform.compute.fft import good_length
from sonolucent.beamform.image_grid import ImageGrid


@dataclass(frozen=True)
class TransformSizes:
    """Sizes of the transforms, all chosen so that nothing wraps around into the image."""

    n_time: int
    """Length of the time FFT."""
    first_bin: int
    """First frequency bin of the pass band; baseband data count from their demodulation frequency, also below it."""
    n_bins: int
    """Frequency bins of the pass band."""
    n_lateral: int
    """Lateral period, in pitches; even."""
    n_depth: int
    """Length of the depth FFT; its period exceeds the image's depth by the oversampling of k_z."""


@dataclass(frozen=True)
class Sampling(TransformSizes):
    """Those of full-matrix data, and what their offsets |receiver - transmitter| need."""

    bins_of_offset: tuple[int, ...]
    """Per offset: how many bins, from the first one on, it reaches a pixel with."""
    first_sample: tuple[int, ...]
    """Per offset: the first sample that can hold an echo of a pixel."""

    @property
    def n_offsets(self) -> int:
        """Offsets |receiver - transmitter| that reach a pixel, 0 included."""
        return len(self.bins_of_offset)


SHORTEST = 64
"""Length of a time FFT from which on a whole block of bins lies on either side of zero."""
# Spreading onto k_z by a kernel four bins wide errs by 0.2 % at this oversampling.
_DEPTH_OVERSAMPLING = 1.29
_FAINT = 0.25


def choose_sampling(acquisition: Acquisition, grid: ImageGrid, tapers: Sequence[Apodization]) -> Sampling:
    """Sizes for an acquisition, a grid, and the tapers of its legs.

    Raises:
        ValueError: the grid reaches beyond what the record holds.
    """
    c, pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    require_record(acquisition, grid)
    steepest = tangent(widest_sine(tapers, 0.01, 2 * math.pi * pass_band_hz(acquisition)[0] / c))
    center = tangent(widest_sine(tapers, 0.01, 2 * math.pi * acquisition.probe.center_frequency_hz / c))
    deepest_m = grid.z_m[-1]
    n_time = _time_length(acquisition, grid, deepest_m * math.hypot(1, steepest))
    bins = bins_in_band(acquisition, n_time)
    span_m = max(grid.x_m[-1], 0.0) - min(grid.x_m[0], 0.0)
    aperture_m = acquisition.n_rx * pitch
    reach_m = max(aperture_m, span_m) + deepest_m * center
    frequency_hz = bin_frequency_hz(acquisition, n_time, bins)
    bins_of_offset = _bins_of_offset(acquisition, tapers, deepest_m, frequency_hz)
    return Sampling(
        n_time=n_time,
        first_bin=int(bins[0]),
        n_bins=len(bins),
        n_lateral=column_length(reach_m / pitch - 0.5),
        bins_of_offset=bins_of_offset,
        first_sample=_first_samples(acquisition, tapers, len(bins_of_offset)),
        n_depth=depth_length(grid),
    )


def widest_sine(tapers: Sequence[Apodization], weight: float, wavenumber_rad_m: float) -> float:
    """The sine at which the last of the tapers has fallen to `weight`."""
    return max(taper.sine_at(weight, wavenumber_rad_m) for taper in tapers)


def bins_in_band(acquisition: Acquisition, n_time: int) -> NDArray[np.int64]:
    """The bins of an FFT of `n_time` samples that lie in the pass band, rising.

    Raises:
        ValueError: there is none.
    """
    bins = np.arange(-(n_time // 2) if acquisition.is_baseband else 1, n_time // 2)
    in_band = np.flatnonzero(band_weight(acquisition, bin_frequency_hz(acquisition, n_time, bins)) > 0)
    if len(in_band) == 0:
        raise ValueError(
            f"no frequency of a record of {acquisition.n_samples} samples lies in the band of the pulse; is "
            f"fractional_bandwidth {acquisition.probe.fractional_bandwidth:g} right?"
        )
    return np.arange(bins[in_band[0]], bins[in_band[0]] + len(in_band))


def depth_length(grid: ImageGrid) -> int:
    """Length of the depth FFT."""
    return good_length(_DEPTH_OVERSAMPLING * grid.n_z + 8)


def wavenumber_step(acquisition: Acquisition, sampling: TransformSizes) -> float:
    """Spacing of lateral wavenumbers, rad/m."""
    return 2 * math.pi / (sampling.n_lateral * acquisition.probe.pitch_m)


def image_scale(acquisition: Acquisition, grid: ImageGrid, sampling: Sampling) -> NDArray[np.float32]:
    """z / (2 pi) of the expansion in `leg_waves.py`, with the steps of its sums: (n_z, 1)."""
    steps = wavenumber_step(acquisition, sampling) ** 2 / sampling.n_time
    return (steps * grid.z_m[:, None] / (2 * math.pi)).astype(np.float32)


def depth_step(grid: ImageGrid, sampling: TransformSizes) -> float:
    """Spacing of the image's depth wavenumbers, rad/m."""
    return 2 * math.pi / (sampling.n_depth * grid.dz_m)


def depth_center_m(grid: ImageGrid) -> float:
    """The depth about which spreading is symmetric: the row n_z // 2."""
    return grid.z0_m + grid.dz_m * (grid.n_z // 2)


def _bins_of_offset(
    acquisition: Acquisition, tapers: Sequence[Apodization], deepest_m: float, frequency_hz: NDArray[np.float64]
) -> tuple[int, ...]:
    """Pairs further apart reach no pixel but with both legs below a quarter."""
    probe, c = acquisition.probe, acquisition.sound_speed_m_s
    lower_edge_hz = probe.center_frequency_hz * (1 - probe.fractional_bandwidth / 2)
    reach_m = [
        2 * deepest_m * tangent(widest_sine(tapers, _FAINT, 2 * math.pi * max(f, lower_edge_hz) / c))
        for f in frequency_hz
    ]
    offsets = np.minimum(np.ceil(np.array(reach_m) / probe.pitch_m) + 1, acquisition.n_rx)
    return tuple(int(np.flatnonzero(offsets > h)[-1]) + 1 for h in range(int(offsets.max())))


def _first_samples(acquisition: Acquisition, tapers: Sequence[Apodization], n_offsets: int) -> tuple[int, ...]:
    """An echo with both legs inside the taper travels at least offset / sine."""
    probe, c = acquisition.probe, acquisition.sound_speed_m_s
    steepest = widest_sine(tapers, 0.0, 2 * math.pi * pass_band_hz(acquisition)[0] / c)
    longest_pulse_s = 4 / (probe.center_frequency_hz * probe.fractional_bandwidth)
    arrival_s = np.arange(n_offsets) * (probe.pitch_m / (steepest * c)) - longest_pulse_s
    samples = np.floor((arrival_s - acquisition.initial_time_s) * acquisition.sampling_frequency_hz)
    return tuple(int(n) for n in np.clip(samples, 0, acquisition.n_samples))


def _time_length(acquisition: Acquisition, grid: ImageGrid, longest_leg_m: float) -> int:
    """Samples after which the record may repeat without an echo of the image's depths reading the wrong end."""
    c, rate_hz = acquisition.sound_speed_m_s, acquisition.sampling_frequency_hz
    record_end_s = acquisition.initial_time_s + acquisition.n_samples / rate_hz
    needed_s = max(
        2 * longest_leg_m / c - acquisition.initial_time_s,
        record_end_s - 2 * grid.z0_m / c,
    )
    return good_length(max(acquisition.n_samples, needed_s * rate_hz, SHORTEST))


def tangent(sine: float) -> float:
    """Of the angle with that sine."""
    return sine / math.sqrt(1 - sine**2)
