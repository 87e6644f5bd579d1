"""Delay-and-sum: the slow, exact image that every other path is held against."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import DTypeLike, NDArray

from sonolucent.beamform.apodization import AngleTaper, Apodization, leg_weights
from sonolucent.beamform.channels import (
    ChannelData,
    band_weight,
    pass_band_hz,
    require_channels,
    require_finite,
    require_gain,
    require_record,
)
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.beamform.kernels import kernel
from sonolucent.beamform.wavenumbers import bin_frequency_hz
from sonolucent.beamform.workers import Workers

# Baseband signals are held at twice the sampling rate, where cubic interpolation errs by less than 1e-3.
_OVERSAMPLING = 2
_SUB_BANDS = 12


class DelayAndSum:
    """Sums every transmit-receive pair at its own delay, in baseband, with cubic interpolation.

    A `WavenumberTaper` weights each frequency differently: its image is the sum over overlapping sub-bands, each with
    the weights at its own centre, and costs as many passes.

    Args:
        acquisition: how the channel data were taken.
        grid: the pixels.
        apodization: weights of both legs.
        limit_transmit: apply the apodization to the transmit leg too. Off for few transmits: one wide element lights
            only a cone, and a limited pair would leave half of the image black.
        gain: multiplies the image, (n_z, n_x); none by default, see `uniform_gain`.
        dtype: complex64, or complex128 for a reference free of rounding.
        threads: worker threads; all cores by default.

    Raises:
        ValueError: the grid reaches beyond the record, or `gain` has another shape.
    """

    def __init__(
        self,
        acquisition: Acquisition,
        grid: ImageGrid,
        *,
        apodization: Apodization | None = None,
        limit_transmit: bool = True,
        gain: NDArray[np.float32] | None = None,
        dtype: DTypeLike = np.complex64,
        threads: int | None = None,
    ) -> None:
        require_record(acquisition, grid)
        self.acquisition = acquisition
        self.grid = grid
        self.apodization = apodization or AngleTaper()
        self._transmit_apodization = self.apodization if limit_transmit else None
        self._dtype = np.dtype(dtype)
        self._workers = Workers(threads)
        n = acquisition.n_samples
        self._bins = np.arange(-(n // 2), n - n // 2) if acquisition.is_baseband else np.arange(n // 2 + 1)
        self._frequency_hz = bin_frequency_hz(acquisition, n, self._bins)
        center_bin = int(np.searchsorted(self._frequency_hz, acquisition.probe.center_frequency_hz))
        self._carrier_bin = 0 if acquisition.is_baseband else center_bin
        self._carrier_hz = float(bin_frequency_hz(acquisition, n, np.array(self._carrier_bin)))
        self._gain = require_gain(gain, grid)
        # An angle taper has the same weights for every frame; a wavenumber taper's sub-bands are too large to keep.
        self._weights = functools.lru_cache(maxsize=1)(self._leg_weights)

    def __call__(self, channel_data: ChannelData, out: NDArray[Any] | None = None) -> NDArray[Any]:
        """The analytic image, complex (n_z, n_x), of one frame (n_tx, n_rx, n_samples), int16 or float32,
        complex64 where the acquisition is demodulated.

        Raises:
            TypeError, ValueError: channel data of another type or shape, or not finite (`NotFiniteError`).
        """
        require_channels(channel_data, self.acquisition.shape, baseband=self.acquisition.is_baseband)
        require_finite(channel_data, workers=self._workers)
        spectrum = self._analytic_spectrum(channel_data)
        image = np.zeros(self.grid.shape, self._dtype)
        for center_hz, weight in self._sub_bands():
            self._add_sub_band(self._baseband(spectrum, weight), center_hz, image)
        return np.multiply(image, self._gain, out=out, dtype=self._dtype, casting="same_kind")

    def _analytic_spectrum(self, channel_data: ChannelData) -> NDArray[Any]:
        if self.acquisition.is_baseband:
            return np.asarray(scipy.fft.fft(channel_data.astype(self._dtype), axis=-1)[..., self._bins])
        return np.asarray(2 * scipy.fft.rfft(channel_data.astype(self._dtype.type(0).real.dtype), axis=-1))

    def _sub_bands(self) -> list[tuple[float, NDArray[np.float64]]]:
        """(frequency whose taper holds, weight of each frequency bin), adding up to the pass band."""
        band = band_weight(self.acquisition, self._frequency_hz)
        if isinstance(self.apodization, AngleTaper):
            return [(self.acquisition.probe.center_frequency_hz, band)]
        centers_hz = np.linspace(*pass_band_hz(self.acquisition), _SUB_BANDS)
        spacing_hz = centers_hz[1] - centers_hz[0]
        hats = np.maximum(0, 1 - np.abs(self._frequency_hz - centers_hz[:, None]) / spacing_hz)
        return [(float(center), band * hat) for center, hat in zip(centers_hz, hats, strict=True)]

    def _baseband(self, spectrum: NDArray[Any], weight: NDArray[np.float64]) -> NDArray[Any]:
        """Analytic signals of one band, shifted down by the carrier, (n_tx, n_rx, 2 n_samples)."""
        shifted = np.zeros((*spectrum.shape[:2], _OVERSAMPLING * self.acquisition.n_samples), self._dtype)
        shifted[..., self._bins - self._carrier_bin] = _OVERSAMPLING * weight * spectrum
        return np.asarray(scipy.fft.ifft(shifted, axis=-1, overwrite_x=True))

    def _leg_weights(self, wavenumber_rad_m: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Weights of the transmitting and of all elements, (n_z, n_x, n)."""
        transmit = leg_weights(self.acquisition, self.grid, self._transmit_apodization, wavenumber_rad_m)
        receive = leg_weights(self.acquisition, self.grid, self.apodization, wavenumber_rad_m)
        return np.ascontiguousarray(transmit[..., list(self.acquisition.tx_elements)]), receive

    def _add_sub_band(self, baseband: NDArray[Any], center_hz: float, image: NDArray[Any]) -> None:
        acquisition, grid = self.acquisition, self.grid
        wavenumber_rad_m = 2 * math.pi * center_hz / acquisition.sound_speed_m_s
        transmit_weight, receive_weight = self._weights(wavenumber_rad_m)
        rate_hz = _OVERSAMPLING * acquisition.sampling_frequency_hz
        carrier_rad = 2 * math.pi * self._carrier_hz / rate_hz

        def add_rows(worker: int, rows: range) -> None:
            _sum_pairs(
                rows.start,
                rows.stop,
                baseband,
                acquisition.probe.element_x_m[list(acquisition.tx_elements)],
                acquisition.probe.element_x_m,
                transmit_weight,
                receive_weight,
                grid.x_m,
                grid.z_m,
                rate_hz / acquisition.sound_speed_m_s,
                acquisition.initial_time_s * rate_hz,
                carrier_rad,
                image,
            )

        self._workers.map(add_rows, grid.n_z, chunk=8)


@kernel(fastmath={"contract", "reassoc", "nsz"})
def _sum_pairs(  # type: ignore[no-untyped-def]  # compiled for complex64 and complex128
    first_row,
    last_row,
    baseband,
    transmit_x,
    receive_x,
    transmit_weight,
    receive_weight,
    x,
    z,
    samples_per_m,
    first_sample,
    carrier_rad,
    image,
):
    transmit = _leg(baseband, transmit_x.size)
    receive = _leg(baseband, receive_x.size)
    for row in range(first_row, last_row):
        for column in range(x.size):
            _aim(transmit_x - x[column], z[row], samples_per_m, transmit_weight[row, column], carrier_rad, *transmit)
            _aim(receive_x - x[column], z[row], samples_per_m, receive_weight[row, column], carrier_rad, *receive)
            delay, phasor = transmit
            for t in range(transmit_x.size):
                if phasor[t] != 0:
                    image[row, column] += phasor[t] * _sum_receive(baseband[t], delay[t] - first_sample, *receive)


@kernel()
def _leg(baseband, n_elements):  # type: ignore[no-untyped-def]
    """Room for one leg's delays in samples and weighted carrier phasors."""
    return np.empty(n_elements), np.empty(n_elements, baseband.dtype)


@kernel()
def _aim(lateral, z, samples_per_m, weight, carrier_rad, delay, phasor):  # type: ignore[no-untyped-def]
    for element in range(lateral.size):
        phasor[element] = 0
        if weight[element] > 0:
            delay[element] = samples_per_m * math.sqrt(lateral[element] ** 2 + z * z)
            phasor[element] = weight[element] * np.exp(1j * carrier_rad * delay[element])


@kernel(fastmath={"contract", "reassoc", "nsz"})
def _sum_receive(traces, offset, delay, phasor):  # type: ignore[no-untyped-def]
    total = 0 * traces[0, 0]
    for r in range(delay.size):
        if phasor[r] != 0:
            position = offset + delay[r]
            i = math.floor(position)
            if 1 <= i < traces.shape[1] - 2:
                total += phasor[r] * _cubic(
                    traces[r, i - 1], traces[r, i], traces[r, i + 1], traces[r, i + 2], position - i
                )
    return total


@kernel()
def _cubic(before, here, after, beyond, f):  # type: ignore[no-untyped-def]
    """Lagrange's cubic through four samples, at fraction f between the middle two."""
    return (
        here * ((1 - f) * (1 + f) * (2 - f) / 2)
        + after * (f * (1 + f) * (2 - f) / 2)
        - before * (f * (1 - f) * (2 - f) / 6)
        - beyond * (f * (1 - f) * (1 + f) / 6)
    )
