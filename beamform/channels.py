"""What every beamformer asks of channel data: its shape, its type and its pass band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, ImageGrid

ChannelData = NDArray[np.int16] | NDArray[np.float32]


def require_channels(data: ChannelData, shape: tuple[int, ...]) -> None:
    """Refuses channel data that a kernel could not read as it stands.

    Raises:
        TypeError: not an int16 or float32 array.
        ValueError: another shape than `shape`, or not contiguous.
    """
    if not isinstance(data, np.ndarray) or data.dtype not in (np.int16, np.float32):
        found = getattr(data, "dtype", type(data).__name__)
        raise TypeError(f"channel data must be an int16 or float32 array, not {found}; convert it where it is read")
    if data.shape != shape:
        raise ValueError(f"channel data has shape {data.shape}; this acquisition gives {shape} (n_tx, n_rx, n_samples)")
    if not data.flags.c_contiguous:
        raise ValueError("channel data must be C-contiguous, samples last; use numpy.ascontiguousarray")


def require_gain(gain: NDArray[np.floating] | None, grid: ImageGrid) -> NDArray[np.float32]:
    """The gain of each pixel, one where none is given.

    Raises:
        ValueError: another shape than the grid's.
    """
    if gain is None:
        return np.ones(grid.shape, np.float32)
    if gain.shape != grid.shape:
        raise ValueError(f"gain has shape {gain.shape}; this grid gives {grid.shape}")
    return np.asarray(gain, dtype=np.float32)


def pass_band_hz(acquisition: Acquisition) -> tuple[float, float]:
    """The band that carries signal: the centre frequency -+ the -6 dB bandwidth, within what is sampled."""
    probe = acquisition.probe
    width_hz = probe.center_frequency_hz * probe.fractional_bandwidth
    low_hz = max(probe.center_frequency_hz - width_hz, 0.02 * probe.center_frequency_hz)
    high_hz = min(probe.center_frequency_hz + width_hz, 0.499 * acquisition.sampling_frequency_hz)
    if low_hz >= high_hz:
        raise ValueError(
            f"a centre frequency of {probe.center_frequency_hz:g} Hz cannot be sampled at "
            f"{acquisition.sampling_frequency_hz:g} Hz"
        )
    return low_hz, high_hz


def band_weight(acquisition: Acquisition, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight 0..1 of each frequency: the pass band with its outer tenths rounded, so that pulses do not ring."""
    low_hz, high_hz = pass_band_hz(acquisition)
    edge = np.minimum(frequency_hz - low_hz, high_hz - frequency_hz) / (0.1 * (high_hz - low_hz))
    return np.asarray(np.sin(np.pi / 2 * np.clip(edge, 0.0, 1.0)) ** 2, dtype=np.float64)
