"""Channel data at complex baseband: less to send and to store than RF, the same image."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import ChannelData, pass_band_hz, require_channels, require_real


def baseband_acquisition(acquisition: Acquisition, decimation: int) -> Acquisition:
    """The acquisition of data that `to_baseband` has demodulated and decimated.

    Raises:
        ValueError: as `to_baseband`.
    """
    require_real(acquisition, "to_baseband")
    if decimation < 1 or acquisition.n_samples % decimation:
        raise ValueError(f"{acquisition.n_samples} samples cannot be divided by a decimation of {decimation}")
    demodulated = dataclasses.replace(
        acquisition,
        n_samples=acquisition.n_samples // decimation,
        sampling_frequency_hz=acquisition.sampling_frequency_hz / decimation,
        demodulation_frequency_hz=acquisition.probe.center_frequency_hz,
    )
    if pass_band_hz(demodulated) != pass_band_hz(acquisition):
        raise ValueError(
            f"a decimation of {decimation} leaves {demodulated.sampling_frequency_hz / 1e6:g} MHz, too few for the "
            "pass band; choose a smaller one"
        )
    return demodulated


def to_baseband(
    channel_data: ChannelData, acquisition: Acquisition, decimation: int
) -> tuple[NDArray[np.complex64], Acquisition]:
    """Demodulates a frame by the probe's centre frequency and keeps every `decimation`-th sample.

    Args:
        channel_data: (n_tx, n_rx, n_samples), int16 or float32.
        acquisition: how they were taken.
        decimation: of the sampling frequency; it must divide the number of samples.

    Returns:
        The analytic signals times exp(-2 pi i f t), complex64 (n_tx, n_rx, n_samples // decimation), and their
        acquisition.

    Raises:
        TypeError, ValueError: channel data of another type or shape, or already at baseband.
        ValueError: the pass band does not fit the lower sampling frequency.
    """
    demodulated = baseband_acquisition(acquisition, decimation)
    require_channels(channel_data, acquisition.shape)
    spectrum = scipy.fft.fft(channel_data.astype(np.float32))
    spectrum[..., acquisition.n_samples // 2 :] = 0
    turn = np.exp(-2j * np.pi * demodulated.demodulation_frequency_hz * acquisition.time_s)
    baseband = scipy.fft.fft(2 * scipy.fft.ifft(spectrum) * turn)
    half = demodulated.n_samples // 2
    kept = np.concatenate([baseband[..., :half], baseband[..., half - demodulated.n_samples :]], axis=-1) / decimation
    return np.asarray(scipy.fft.ifft(kept), dtype=np.complex64), demodulated
