"""What imaging plane waves in the wavenumber domain needs to know, worked out once.

A shot of a plane wave of sine s, d its delay, is imaged with its receive leg expanded as `leg_waves.py` has it:

    I(x, z) = sqrt(z / (2 pi)) e^(i pi / 4) * sum over omega, K of  w(k_r) S'(omega; K) exp(i (K x + k_z z))
    S'(omega; K) = sum over receivers of  S(omega; x_r) exp(i omega (d + s x_r / c)) exp(-i K x_r)
    k_r = K - k s,   k_z = k sqrt(1 - s^2) + sqrt(k^2 - k_r^2)

(Lu, "2D and 3D high frame rate imaging with limited diffraction beams", IEEE TUFFC 44(4), 1997, has the mapping.)

The phase in S' takes back each receiver's transmit delay, and is exact at any angle: it shifts the receivers' spectrum
so that the FFT over them counts in the image's own wavenumber K, the same for all shots. S' is periodic in K, as the
receivers sample at the pitch; the taper in k_r chooses the period that is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import Apodization
from sonolucent.beamform.channel_data import (
    band_weight,
    bin_frequency_hz,
    pass_band_hz,
    require_gain,
    require_record,
    ringing_s,
)
from sonolucent.beamform.compute.column_fft import column_length
from sonolucent.beamform.compute.fft import good_length
from sonolucent.beamform.fourier.leg_waves import leg_spectrum
from sonolucent.beamform.fourier.plan_size import require_room_for_waves
from sonolucent.beamform.fourier.sampling import (
    SHORTEST,
    TransformSizes,
    bins_in_band,
    depth_center_m,
    depth_length,
    depth_step,
    tangent,
    wavenumber_step,
)
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_waves import PlaneWave, require_waves

_MARGIN_BINS = 4
"""Depth bins kept free on either side of those that samples fall into, for the spreading kernel."""
_EXACT_AT = 0.5
"""The depth at which receive legs are exact, as a part of the deepest row's."""
_SKIRT = 0.25
"""How far beyond the taper's last sine a leg's spectrum is taken, rounded off, as a part of that sine. Diffraction at
the taper's edge is there; cut off at once, it would ring over all depths."""
_SAME_SINE = 1e-9


@dataclass(frozen=True)
class MirrorTables:
    """Receive legs of the shots at +sine and at -sine: at the image's wavenumbers K and -K they are the same."""

    shots: tuple[int, int]
    """At +sine and at -sine; the number of shots, which stands for a silent one, where there is none."""
    transmit_bin: NDArray[np.float32]
    """k cos(theta) in bins of the depth FFT, (n_bins,)."""
    transmit_phase: NDArray[np.complex64]
    """Refers the transmit leg to the depth's centre, (n_bins,)."""
    receive_bin: NDArray[np.float32]
    """k_zr in bins of the depth FFT, (n_waves, n_bins)."""
    receive_weight: NDArray[np.complex64]
    """w(k_r), with the phase that refers the receive leg to the depth's centre, and the pass band: (n_waves, n_bins)"""
    bins: NDArray[np.int64]
    """First bin within the taper, and the one behind the last; both 0 where there is none: (n_waves, 2)."""


@dataclass(frozen=True)
class PlaneWavePlan:
    """NumPy tables alone."""

    acquisition: Acquisition
    grid: ImageGrid
    waves: tuple[PlaneWave, ...]
    sampling: TransformSizes
    image_waves: NDArray[np.int64]
    """The image's lateral wavenumbers K, from steepest left to steepest right, in units of the step: (n_waves,)."""
    wave_phase: NDArray[np.complex64]
    """e^(i pi / 4) exp(i K x) at the first column, x counted from the first element: (n_waves,)."""
    mirrors: tuple[MirrorTables, ...]
    """Each shot is in one of them."""
    shift: NDArray[np.complex64]
    """Phases of S', which also take time from the first sample to t = 0, times polarity; 0 for
    elements that are left out: (n_shots, n_rx, n_bins)."""
    depth_bins: range
    """Bins of the depth FFT that samples spread to, before they wrap around."""
    pixel_gain: NDArray[np.float32]
    """The scale of the sums times the gain asked for: (n_z, n_x)."""

    def describe(self) -> str:
        """The sizes of the transforms, in a few words."""
        s = self.sampling
        sizes = f"{s.n_bins} of {s.n_time // 2} frequencies x {s.n_lateral} lateral wavenumbers"
        return f"{len(self.waves)} plane waves x {sizes}, {self.image_waves.size} x {s.n_depth} of the image"


def plan_plane_waves(
    acquisition: Acquisition, grid: ImageGrid, apodization: Apodization, gain: NDArray[np.float32] | None = None
) -> PlaneWavePlan:
    """The tables for an acquisition, a grid, and a gain (n_z, n_x) of one where none is given.

    Raises:
        ValueError: a shot is no plane wave, the grid reaches beyond the record, or `gain` has another shape or is not
            finite.
    """
    require_record(acquisition, grid)
    waves = _require_plane_waves(acquisition)
    sampling = _choose_sizes(acquisition, grid, apodization, waves)
    steepest_sine = max(abs(w.sine) for w in waves)
    receive_sine = (1 + _SKIRT) * apodization.sine_at(0.0, _highest_wavenumber_rad_m(acquisition, sampling))
    require_room_for_waves(acquisition, sampling, receive_sine + steepest_sine, len(_mirrored(waves)))
    legs = _ReceiveLegs(acquisition, grid, apodization, sampling)
    steepest = math.ceil((legs.limit_rad_m + legs.k.max() * steepest_sine) / legs.step_rad_m)
    image_waves = np.arange(-steepest, steepest + 1)
    mirrors = tuple(legs.tables(shots, sine, image_waves) for shots, sine in _mirrored(waves))
    offset_m = grid.x0_m - acquisition.probe.element_x_m[0]
    return PlaneWavePlan(
        acquisition=acquisition,
        grid=grid,
        waves=waves,
        sampling=sampling,
        image_waves=image_waves,
        wave_phase=np.exp(1j * (np.pi / 4 + legs.step_rad_m * offset_m * image_waves)).astype(np.complex64),
        mirrors=mirrors,
        shift=_shift(acquisition, sampling, waves),
        depth_bins=_depth_bins(mirrors),
        pixel_gain=_image_scale(acquisition, grid, sampling) * require_gain(gain, grid),
    )


def _require_plane_waves(acquisition: Acquisition) -> tuple[PlaneWave, ...]:
    waves = require_waves(acquisition)
    plane = tuple(wave for wave in waves if isinstance(wave, PlaneWave))
    if not waves or len(plane) < len(waves):
        found = "the acquisition has single elements" if not waves else f"shot {_first_other(waves)} is none"
        raise ValueError(f"PlaneWaveBeamformer images plane waves alone, and {found}; make_beamformer images any")
    return plane


def _first_other(waves: Sequence[object]) -> int:
    return next(i for i, wave in enumerate(waves) if not isinstance(wave, PlaneWave))


def _choose_sizes(
    acquisition: Acquisition, grid: ImageGrid, apodization: Apodization, waves: Sequence[PlaneWave]
) -> TransformSizes:
    c, pitch = acquisition.sound_speed_m_s, acquisition.probe.pitch_m
    center = tangent(apodization.sine_at(0.01, 2 * math.pi * acquisition.probe.center_frequency_hz / c))
    n_time = _time_length(acquisition, grid, apodization, waves)
    bins = bins_in_band(acquisition, n_time)
    reach_m = acquisition.n_rx * pitch / 2 + grid.z_m[-1] * center
    lateral_m = max(reach_m - grid.x_m[0], grid.x_m[-1] + reach_m, grid.n_x * grid.dx_m)
    return TransformSizes(
        n_time=n_time,
        first_bin=int(bins[0]),
        n_bins=len(bins),
        n_lateral=column_length(max(lateral_m / pitch, acquisition.n_rx)),
        n_depth=depth_length(grid),
    )


def _time_length(
    acquisition: Acquisition, grid: ImageGrid, apodization: Apodization, waves: Sequence[PlaneWave]
) -> int:
    """Samples after which the record may repeat without an echo of the image's depths reading the wrong end."""
    c, rate_hz = acquisition.sound_speed_m_s, acquisition.sampling_frequency_hz
    steepest = tangent(apodization.sine_at(0.01, 2 * math.pi * pass_band_hz(acquisition)[0] / c))
    x_m, z_m = grid.x_m[[0, -1]], grid.z_m[[0, -1], None]
    there_m = np.stack([wave.way_m(x_m, z_m, c) for wave in waves])
    earliest_s = (there_m + z_m).min() / c
    latest_s = (there_m + z_m * math.hypot(1, steepest)).max() / c
    first_s, end_s = acquisition.initial_time_s, acquisition.initial_time_s + acquisition.n_samples / rate_hz
    record_s = max(latest_s, end_s) - min(earliest_s, first_s) + ringing_s(acquisition)
    return good_length(max(rate_hz * record_s, SHORTEST))


def _highest_wavenumber_rad_m(acquisition: Acquisition, sampling: TransformSizes) -> float:
    last = np.array([sampling.first_bin + sampling.n_bins - 1])
    return float(2 * np.pi * bin_frequency_hz(acquisition, sampling.n_time, last)[0] / acquisition.sound_speed_m_s)


class _ReceiveLegs:
    """The receive leg's plane waves at any lateral wavenumber, interpolated between regular ones."""

    def __init__(
        self, acquisition: Acquisition, grid: ImageGrid, apodization: Apodization, sampling: TransformSizes
    ) -> None:
        bins = sampling.first_bin + np.arange(sampling.n_bins)
        frequency_hz = bin_frequency_hz(acquisition, sampling.n_time, bins)
        self.k: NDArray[np.float64] = 2 * np.pi * frequency_hz / acquisition.sound_speed_m_s
        self.step_rad_m = wavenumber_step(acquisition, sampling)
        self._steepest = np.array([apodization.sine_at(0.0, value) for value in self.k])
        self.limit_rad_m = float((self.k * self._steepest).max()) * (1 + _SKIRT)
        self._center_m = depth_center_m(grid)
        self._bins_per_rad_m = 1 / depth_step(grid, sampling)
        self._band = band_weight(acquisition, frequency_hz)
        k_x = self.step_rad_m * np.arange(math.ceil(self.limit_rad_m / self.step_rad_m) + 3, dtype=np.float64)[:, None]
        k_z = np.sqrt(np.maximum(self.k**2 - k_x**2, (1e-3 * self.k) ** 2))
        self._spectrum = leg_spectrum(apodization, self.k, k_x, k_z, _EXACT_AT * grid.z_m[-1])

    def tables(self, shots: tuple[int, int], sine: float, image_waves: NDArray[np.int64]) -> MirrorTables:
        """Those of the shots at +sine and -sine, for the image's wavenumbers in units of the step."""
        k_t = self.k * math.sqrt(1 - sine**2)
        k_r = np.abs(image_waves[:, None] * self.step_rad_m - self.k * sine)
        skirt = np.clip((k_r / (self.k * self._steepest) - 1) / _SKIRT, 0.0, 1.0)
        passes = (skirt < 1) & (k_r < self.k)
        k_z = np.sqrt(np.maximum(self.k**2 - k_r**2, 0.0))
        places = np.stack([k_r / self.step_rad_m, np.broadcast_to(np.arange(self.k.size), k_r.shape)])
        spectrum = map_coordinates(self._spectrum, places, order=3, mode="mirror")
        weight = passes * np.cos(np.pi / 2 * skirt) ** 2 * self._band * spectrum * np.exp(1j * k_z * self._center_m)
        first = passes.argmax(axis=1)
        behind = np.where(passes.any(axis=1), self.k.size - passes[:, ::-1].argmax(axis=1), first)
        return MirrorTables(
            shots=shots,
            transmit_bin=(k_t * self._bins_per_rad_m).astype(np.float32),
            transmit_phase=np.exp(1j * k_t * self._center_m).astype(np.complex64),
            receive_bin=(k_z * self._bins_per_rad_m).astype(np.float32),
            receive_weight=weight.astype(np.complex64),
            bins=np.stack([first, behind], axis=1),
        )


def _mirrored(waves: Sequence[PlaneWave]) -> list[tuple[tuple[int, int], float]]:
    """Each shot once: pairs of shots of opposite sines, and the first one's sine. A wave straight ahead is its own."""
    pairs, left, silent = [], list(range(len(waves))), len(waves)
    while left:
        shot = left[0]
        sine = waves[shot].sine
        mirror = next((other for other in left if abs(waves[other].sine + sine) < _SAME_SINE), silent)
        pairs.append(((shot, mirror), sine))
        left = [other for other in left if other not in (shot, mirror)]
    return pairs


def _shift(acquisition: Acquisition, sampling: TransformSizes, waves: Sequence[PlaneWave]) -> NDArray[np.complex64]:
    bins = sampling.first_bin + np.arange(sampling.n_bins)
    frequency_hz = bin_frequency_hz(acquisition, sampling.n_time, bins)
    first_sample = acquisition.initial_time_s * acquisition.sampling_frequency_hz
    shift = np.empty((len(waves), acquisition.n_rx, sampling.n_bins), np.complex64)
    for shot, wave in enumerate(waves):
        delay_s = wave.delay_s + acquisition.probe.element_x_m[:, None] * wave.sine / acquisition.sound_speed_m_s
        turns = frequency_hz * delay_s - bins / sampling.n_time * first_sample
        shift[shot] = wave.polarity * np.exp(2j * np.pi * turns)
    shift[:, list(acquisition.dead_elements)] = 0
    return shift


def _image_scale(acquisition: Acquisition, grid: ImageGrid, sampling: TransformSizes) -> NDArray[np.float32]:
    """sqrt(z / (2 pi)) with the steps of the sums: (n_z, 1)."""
    step = wavenumber_step(acquisition, sampling) / sampling.n_time
    return (step * np.sqrt(grid.z_m[:, None] / (2 * math.pi))).astype(np.float32)


def _depth_bins(mirrors: Sequence[MirrorTables]) -> range:
    used = np.concatenate(
        [
            mirror.transmit_bin[first:behind] + receive_bin[first:behind]
            for mirror in mirrors
            for receive_bin, (first, behind) in zip(mirror.receive_bin, mirror.bins, strict=True)
        ]
    )
    return range(math.floor(used.min()) - _MARGIN_BINS, math.ceil(used.max()) + _MARGIN_BINS)
