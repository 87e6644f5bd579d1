"""Delay-and-sum: the plain, exact image that every other path is held against."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.apodization import AngleTaper, Apodization, WavenumberTaper, leg_weights
from sonolucent.beamform.channel_data import (
    ChannelData,
    band_weight,
    bin_frequency_hz,
    pass_band_hz,
    require_frame,
    require_gain,
    require_record,
    ringing_s,
)
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.delay_and_sum import double_precision, single_precision
from sonolucent.beamform.delay_and_sum.aperture import NO_WAYS, Aperture, Leg, Pixels, leg_of_waves
from sonolucent.beamform.delay_and_sum.double_precision import DoubleSignals
from sonolucent.beamform.delay_and_sum.single_precision import LEAD, TAPS, SingleSignals, interpolation_table
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.transmit_waves import require_waves

_SUB_BANDS = 12
# Eight samples interpolate frequencies up to this part of the sampling rate with errors below 7e-4 (the remainder of
# Lagrange's formula); for cubic interpolation the rate is doubled.
_HIGHEST_FREQUENCY = 0.15
_TABLE = interpolation_table()


class DelayAndSum:
    """Sums every transmit-receive pair at its own delay, in baseband.

    The synthetic-aperture sum of Jensen et al., "Synthetic aperture ultrasound imaging", Ultrasonics 44 (2006).

    In complex64 with eight-point interpolation; where every element transmits and both legs are weighted alike, a pair
    and its reverse have the same delays and are added first. In complex128 with cubic interpolation of twice as many
    samples, pair by pair: free of rounding, and slow.

    A `WavenumberTaper` weights each frequency differently: its image is the sum over overlapping sub-bands, each with
    the weights at its own centre, and costs as many passes.

    Shots of a transmit sequence are imaged as the waves that they send, see `transmit_waves.py`: from t = 0 the sound
    travels with the wave to the pixel, and from there to every receiver. Waves have no apodization; plane and diverging
    ones count in all pixels, focused ones in those of their double cone.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels.
        apodization: weights of both legs; by default `AngleTaper()`.
        transmit_apodization: of the transmit leg, where it is to be weighted otherwise than the receive leg.
        limit_transmit: weight the transmit leg too. Off for few transmits: one wide element lights
            only a cone, and a limited pair would leave half of the image black.
        gain: multiplies the image, (n_z, n_x); none by default, see `uniform_gain`.
        dtype: complex64, or complex128 for a reference free of rounding.
        threads: threads that share the work; all cores by default.

    Raises:
        ValueError: the grid reaches beyond the record, `gain` has another shape or is not finite, or a shot of a
            sequence is no wave.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        transmit_apodization: Apodization | None = None,
        limit_transmit: bool = True,
        gain: NDArray[np.float32] | None = None,
        dtype: DTypeLike = np.complex64,
        threads: int | None = None,
    ) -> None:
        self._waves = require_waves(acquisition)
        require_record(acquisition, grid)
        self.acquisition = acquisition
        self.grid = grid
        self.apodization = apodization or AngleTaper()
        transmit = self.apodization if transmit_apodization is None else transmit_apodization
        self._transmit_apodization = transmit if limit_transmit else None
        self._dtype = np.dtype(dtype)
        self._pool = ThreadPool(threads)
        self._n_time = n = _time_length(acquisition)
        self._bins = np.arange(-(n // 2), n - n // 2) if acquisition.is_baseband else np.arange(n // 2 + 1)
        self._frequency_hz = bin_frequency_hz(acquisition, n, self._bins)
        center_bin = int(np.searchsorted(self._frequency_hz, acquisition.probe.center_frequency_hz))
        self._carrier_bin = 0 if acquisition.is_baseband else center_bin
        self._carrier_hz = float(bin_frequency_hz(acquisition, n, np.array(self._carrier_bin)))
        self._is_single = self._dtype == np.complex64
        every_element = tuple(range(acquisition.n_rx))
        alike = self._transmit_apodization == self.apodization
        fires_all = acquisition.sequence is None and acquisition.tx_elements == every_element
        self._is_folded = self._is_single and alike and fires_all
        self._oversampling = self._single_oversampling() if self._is_single else 2
        self._rate_hz = self._oversampling * acquisition.sampling_frequency_hz
        samples_per_m = self._rate_hz / acquisition.sound_speed_m_s
        self._pixels = Pixels(grid.x_m, grid.z_m, samples_per_m, acquisition.initial_time_s * self._rate_hz)
        self._gain = require_gain(gain, grid)
        # An angle taper has the same weights for every frame; a wavenumber taper's sub-bands are too large to keep.
        self._aperture = functools.lru_cache(maxsize=1)(self._plan_aperture)

    def __call__(self, channel_data: ChannelData, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The analytic image, complex (n_z, n_x), of one frame (n_tx, n_rx, n_samples), int16 or float32,
        complex64 where the acquisition is demodulated.

        Raises:
            TypeError: channel data of another type.
            ValueError: of another shape, or not contiguous.
            NotFiniteError: channel data are not finite.
        """
        require_frame(channel_data, self.acquisition, self._pool)
        image = np.zeros(self.grid.shape, self._dtype)
        for center_hz, weight in self._sub_bands():
            self._add_sub_band(self._baseband(channel_data, weight), center_hz, image)
        return np.multiply(image, self._gain, out=out, dtype=self._dtype, casting="same_kind")

    def _single_oversampling(self) -> int:
        farthest_hz = max(abs(edge_hz - self._carrier_hz) for edge_hz in pass_band_hz(self.acquisition))
        return math.ceil(farthest_hz / (_HIGHEST_FREQUENCY * self.acquisition.sampling_frequency_hz))

    def warm_up(self, dtype: DTypeLike = np.int16) -> None:
        """Images an empty frame of samples of that type, complex64 where the acquisition is demodulated."""
        self(np.zeros(self.acquisition.shape, np.complex64 if self.acquisition.is_baseband else dtype))

    def describe(self) -> str:
        """What was planned, in one line."""
        legs = f", {len(self._waves)} waves" if self._waves else ", pairs folded" if self._is_folded else ""
        return f"delay-and-sum in {self._dtype}, {self._pool.threads} threads{legs}"

    def _sub_bands(self) -> list[tuple[float, NDArray[np.float64]]]:
        """(frequency whose taper holds, weight of each frequency bin), adding up to the pass band."""
        band = band_weight(self.acquisition, self._frequency_hz)
        legs = (self.apodization, self._transmit_apodization)
        if not any(isinstance(taper, WavenumberTaper) for taper in legs):
            return [(self.acquisition.probe.center_frequency_hz, band)]
        centers_hz = np.linspace(*pass_band_hz(self.acquisition), _SUB_BANDS)
        spacing_hz = centers_hz[1] - centers_hz[0]
        hats = np.maximum(0, 1 - np.abs(self._frequency_hz - centers_hz[:, None]) / spacing_hz)
        return [(float(center), band * hat) for center, hat in zip(centers_hz, hats, strict=True)]

    def _baseband(self, channel_data: ChannelData, weight: NDArray[np.float64]) -> NDArray[Any]:
        """Analytic signals of one band, shifted down by the carrier, (n_tx, n_rx, n); folded, of receivers >= t.

        For single precision they go on periodically at both ends, as far as the interpolation reads.
        """
        n_tx, n_rx, _ = self.acquisition.shape
        n = self._oversampling * self._n_time
        before, after = (LEAD, TAPS - LEAD) if self._is_single else (0, 0)
        baseband = np.empty((n_tx, n_rx, before + n + after), self._dtype)
        scale = (self._oversampling * weight).astype(self._dtype.type(0).real.dtype)

        def transform(thread: int, transmits: range) -> None:
            for t in transmits:
                traces = self._traces(channel_data, t)
                shifted = self._shift(scale, self._analytic_spectrum(traces), n)
                signals = baseband[t, n_rx - len(traces) :]
                signals[:, before : before + n] = scipy.fft.ifft(shifted, axis=-1, overwrite_x=True)
                signals[:, :before] = signals[:, n : n + before]
                signals[:, before + n :] = signals[:, before : before + after]

        self._pool.map(transform, n_tx, chunk=1)
        return baseband

    def _shift(self, scale: NDArray[Any], spectrum: NDArray[Any], n: int) -> NDArray[Any]:
        """Scaled spectra (n_traces, n) whose bin 0 is the carrier; lower frequencies last."""
        n_lower = self._carrier_bin - self._bins[0]
        shifted = np.zeros((len(spectrum), n), self._dtype)
        np.multiply(spectrum[:, n_lower:], scale[n_lower:], out=shifted[:, : len(scale) - n_lower])
        np.multiply(spectrum[:, :n_lower], scale[:n_lower], out=shifted[:, n - n_lower :])
        return shifted

    def _traces(self, channel_data: ChannelData, t: int) -> NDArray[Any]:
        """The traces of transmit t, (n_rx, n_samples); folded, of receivers >= t, both directions added."""
        dtype = self._dtype.type if self.acquisition.is_baseband else self._dtype.type(0).real.dtype
        if not self._is_folded:
            return np.asarray(channel_data[t], dtype)
        traces = np.array(channel_data[t, t:], dtype)
        traces[1:] += channel_data[t + 1 :, t]
        return traces

    def _analytic_spectrum(self, traces: NDArray[Any]) -> NDArray[Any]:
        if self.acquisition.is_baseband:
            return np.asarray(scipy.fft.fft(traces, self._n_time, axis=-1)[..., self._bins])
        return np.asarray(2 * scipy.fft.rfft(traces, self._n_time, axis=-1))

    def _plan_aperture(self, wavenumber_rad_m: float) -> Aperture:
        """The transmitting elements or waves, and all receivers, with their weights."""
        acquisition, grid = self.acquisition, self.grid
        weight = leg_weights(acquisition, grid, self.apodization, wavenumber_rad_m)
        receive = Leg(acquisition.probe.element_x_m, weight, NO_WAYS)
        if self._is_folded:
            return Aperture(receive, receive)
        if self._waves:
            return Aperture(leg_of_waves(self._waves, grid, acquisition.sound_speed_m_s), receive)
        fired = list(acquisition.tx_elements)
        weight = leg_weights(acquisition, grid, self._transmit_apodization, wavenumber_rad_m)
        return Aperture(Leg(receive.element_x_m[fired], np.ascontiguousarray(weight[..., fired]), NO_WAYS), receive)

    def _add_sub_band(self, baseband: NDArray[Any], center_hz: float, image: NDArray[Any]) -> None:
        wavenumber_rad_m = 2 * math.pi * center_hz / self.acquisition.sound_speed_m_s
        aperture, pixels = self._aperture(wavenumber_rad_m), self._pixels
        signals: SingleSignals | DoubleSignals
        if self._is_single:
            cycles_per_m = self._carrier_hz / self.acquisition.sound_speed_m_s
            signals = SingleSignals(baseband.view(np.float32), _TABLE, cycles_per_m, self._is_folded)
        else:
            signals = DoubleSignals(baseband, 2 * math.pi * self._carrier_hz / self._rate_hz)
        sum_pairs = single_precision.sum_pairs if self._is_single else double_precision.sum_pairs

        def add_rows(thread: int, rows: range) -> None:
            sum_pairs((rows.start, rows.stop), signals, aperture, pixels, image)

        self._pool.map(add_rows, self.grid.n_z, chunk=8)


def _time_length(acquisition: Acquisition) -> int:
    """Samples of a trace's FFT. Those of sequences, whose records may begin with strong echoes, are padded so that
    nothing of one end rings at the other."""
    n = acquisition.n_samples
    if acquisition.sequence is None:
        return n
    padding = ringing_s(acquisition) * acquisition.sampling_frequency_hz
    return int(scipy.fft.next_fast_len(math.ceil(n + padding), real=not acquisition.is_baseband))
