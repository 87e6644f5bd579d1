"""What every beamformer asks of channel data: its shape, its type and its pass band."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.compute.compiled import kernel, read_only
from sonolucent.beamform.compute.thread_pool import ThreadPool
from sonolucent.beamform.image_grid import ImageGrid

ChannelData = NDArray[np.int16] | NDArray[np.float32] | NDArray[np.complex64]
"""A frame (n_tx, n_rx, n_samples) or a shot (n_rx, n_samples): real samples (RF), or complex64 at baseband."""


def require_channels(data: ChannelData, shape: tuple[int, ...], *, baseband: bool = False) -> None:
    """Refuses channel data that a kernel could not read as it stands.

    Raises:
        TypeError: not an int16 or float32 array; not a complex64 one where baseband data are due.
        ValueError: another shape than `shape`, or not contiguous.
    """
    if not isinstance(data, np.ndarray) or data.dtype not in ((np.complex64,) if baseband else (np.int16, np.float32)):
        found = getattr(data, "dtype", type(data).__name__)
        due = "a complex64 (baseband) array" if baseband else "an int16 or float32 array"
        raise TypeError(
            f"channel data must be {due}, not {found}; as_channel_data converts it, "
            "and see Acquisition.demodulation_frequency_hz"
        )
    if data.shape != shape:
        raise ValueError(f"channel data has shape {data.shape}; this acquisition gives {shape} (n_tx, n_rx, n_samples)")
    if not data.flags.c_contiguous:
        raise ValueError("channel data must be C-contiguous, samples last; as_channel_data makes it so")


def require_real(acquisition: Acquisition, what: str) -> None:
    """Refuses complex baseband data.

    Raises:
        ValueError: the acquisition is demodulated.
    """
    if acquisition.is_baseband:
        raise ValueError(f"{what} takes real samples (RF), not baseband: demodulation_frequency_hz must be 0")


def require_single_elements(acquisition: Acquisition, what: str) -> None:
    """Refuses shots that fire more than one element.

    Raises:
        ValueError: the acquisition has a transmit sequence.
    """
    if acquisition.sequence is not None:
        raise ValueError(
            f"{what} takes shots of single elements; make_beamformer images sequences, SequenceDecoder decodes them"
        )


def require_record(acquisition: Acquisition, grid: ImageGrid) -> None:
    """Refuses a grid that reaches beyond what the record holds.

    Raises:
        ValueError: its last row lies before the record begins or after it ends.
    """
    first_m, last_m = acquisition.record_depths_m
    if grid.z_m[-1] > last_m or grid.z_m[-1] <= first_m:
        raise ValueError(
            f"the grid reaches z = {grid.z_m[-1] * 1e3:.2f} mm, but the record holds echoes from "
            f"{first_m * 1e3:.2f} to {last_m * 1e3:.2f} mm; use a shallower grid or check initial_time_s"
        )


class NotFiniteError(ValueError):
    """Channel data hold infinities or values that are no numbers, or are too large to be summed."""


def require_finite(data: ChannelData, *, pool: ThreadPool | None = None, first_tx: int = 0) -> None:
    """Refuses channel data (n_tx, n_rx, n_samples), from transmit `first_tx` on, that are not finite throughout.

    16-bit samples always are. Others are read once, at the memory's pace.

    Raises:
        NotFiniteError: it says which sample is the first.
    """
    if data.dtype == np.int16:
        return
    bad: list[int] = []

    def check(_: int, shots: range) -> None:
        bad.extend(shot for shot in shots if not _is_finite(read_only(data[shot]).reshape(-1).view(np.float32)))

    (pool or ThreadPool(1)).map(check, len(data), chunk=1)
    if bad:
        traces = data[min(bad)]
        receiver, sample = (int(i) for i in np.argwhere(~np.isfinite(traces))[0])
        raise NotFiniteError(
            f"channel data holds {traces[receiver, sample]} at transmit {first_tx + min(bad)}, receiver {receiver}, "
            f"sample {sample}; leave that frame out, or set such samples to 0 where they are read"
        )


def require_frame(data: ChannelData, acquisition: Acquisition, pool: ThreadPool) -> None:
    """Refuses what is no whole frame of an acquisition, or not finite throughout.

    Raises:
        TypeError, ValueError: another type or shape, or not contiguous.
        NotFiniteError: it says which sample is the first.
    """
    require_channels(data, acquisition.shape, baseband=acquisition.is_baseband)
    require_finite(data, pool=pool)


def require_shot(shot: ChannelData, tx_index: int, acquisition: Acquisition) -> None:
    """Refuses what is not the shot of that place in an acquisition, or not finite throughout.

    Raises:
        TypeError, ValueError: another type or shape, or not contiguous.
        IndexError: no such shot.
        NotFiniteError: it says which sample is the first.
    """
    require_channels(shot, acquisition.shape[1:], baseband=acquisition.is_baseband)
    if not 0 <= tx_index < acquisition.n_tx:
        raise IndexError(f"tx_index must lie in 0..{acquisition.n_tx - 1}, not {tx_index}")
    require_finite(shot[np.newaxis], first_tx=tx_index)


def require_finite_image(image: NDArray[np.complex64], data: ChannelData) -> None:
    """Refuses finite channel data whose image (..., n_z, n_x) is not finite, by one row.

    Raises:
        NotFiniteError: samples are too large.
    """
    if not np.isfinite(image[..., image.shape[-2] // 2, :]).all():
        raise NotFiniteError(
            f"samples up to {np.abs(data).max():.3g} are too large to be summed in single precision; scale them down"
        )


@kernel(boundscheck=False, fastmath={"reassoc", "nsz"})
def _is_finite(samples):
    """Whether all of (n,) are: zero times anything else is no number, and no sum loses it."""
    total = np.float32(0)
    for i in range(samples.size):
        total += samples[i] * np.float32(0)
    return total == 0


def require_gain(gain: NDArray[np.floating] | None, grid: ImageGrid) -> NDArray[np.float32]:
    """The gain of each pixel, one where none is given.

    Raises:
        ValueError: another shape than the grid's, or not finite.
    """
    if gain is None:
        return np.ones(grid.shape, np.float32)
    if gain.shape != grid.shape:
        raise ValueError(f"gain has shape {gain.shape}; this grid gives {grid.shape}")
    if not np.isfinite(gain).all():
        raise ValueError("gain must be finite everywhere")
    return np.asarray(gain, dtype=np.float32)


def pass_band_hz(acquisition: Acquisition) -> tuple[float, float]:
    """The band that carries signal, lowest and highest frequency: the centre frequency -+ the -6 dB bandwidth, within
    what is sampled.

    Raises:
        ValueError: nothing of it is sampled.
    """
    probe = acquisition.probe
    width_hz = probe.center_frequency_hz * probe.fractional_bandwidth
    carrier_hz, nyquist_hz = acquisition.demodulation_frequency_hz, 0.499 * acquisition.sampling_frequency_hz
    sampled_from_hz = carrier_hz - nyquist_hz if acquisition.is_baseband else 0.0
    low_hz = max(probe.center_frequency_hz - width_hz, 0.02 * probe.center_frequency_hz, sampled_from_hz)
    high_hz = min(probe.center_frequency_hz + width_hz, carrier_hz + nyquist_hz)
    if low_hz >= high_hz:
        raise ValueError(
            f"a centre frequency of {probe.center_frequency_hz:g} Hz cannot be sampled at "
            f"{acquisition.sampling_frequency_hz:g} Hz"
        )
    return low_hz, high_hz


def bin_frequency_hz(acquisition: Acquisition, n_time: int, bins: NDArray[np.int64]) -> NDArray[np.float64]:
    """The frequency that each bin of an FFT of `n_time` samples stands for, the shape of `bins`."""
    step_hz = acquisition.sampling_frequency_hz / n_time
    return np.asarray(acquisition.demodulation_frequency_hz + bins * step_hz, dtype=np.float64)


def ringing_s(acquisition: Acquisition) -> float:
    """How long the filter `band_weight` rings above -80 dB: four periods of the width of its rounded edges.

    Raises:
        ValueError: nothing of the pass band is sampled.
    """
    low_hz, high_hz = pass_band_hz(acquisition)
    return 4 / (0.1 * (high_hz - low_hz))


def band_weight(acquisition: Acquisition, frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weight 0..1 of each of the frequencies (n,) in Hz, (n,): the pass band with its outer tenths rounded, so that
    pulses do not ring.

    Raises:
        ValueError: nothing of the pass band is sampled.
    """
    low_hz, high_hz = pass_band_hz(acquisition)
    edge = np.minimum(frequency_hz - low_hz, high_hz - frequency_hz) / (0.1 * (high_hz - low_hz))
    return np.asarray(np.sin(np.pi / 2 * np.clip(edge, 0.0, 1.0)) ** 2, dtype=np.float64)
