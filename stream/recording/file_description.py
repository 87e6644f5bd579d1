"""What a file says of its channel data, in SI units and under the file's own names, before any of it is believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolucent.stream.recording.read_budget import shot_table
from sonolucent.stream.recording.sanity import Claim


@dataclass(frozen=True)
class Firing:
    """What each element does in each shot; both claims are (n_tx, n_rx).

    Args:
        delays_s: when the centre of the pulse leaves it, on the clock of the shot; of silent ones anything.
        apodization: its weight; 0 is silent.
    """

    delays_s: Claim
    apodization: Claim


@dataclass(frozen=True)
class FileDescription:
    """Channel data as a file describes them; `admit` checks that and makes a recording of it.

    Each shot has a clock of its own, on which its delays and its first sample are counted.

    Args:
        format: the format's name.
        shape: of a frame, (n_tx, n_rx, n_samples).
        n_frames: how many there are.
        read: frame i, of that shape, in any type of number.
        dtype: of the frames.
        element_x_m: lateral positions of the element centres, (n_rx,), in the order of the data.
        element_width_m: of one element; the pitch where None.
        center_frequency_hz: of the pulse.
        fractional_bandwidth: -6 dB bandwidth of the two-way pulse over the centre frequency, where it is known.
        sampling_frequency_hz: of the samples.
        sound_speed_m_s: of the medium; its value is None where the file does not say.
        initial_times_s: time of the first sample of each shot, one or (n_tx,).
        firing: what each element does in each shot.
        demodulation_frequency_hz: of complex data; its value is None where the file does not say. None of a format that
            has real data alone.
        carrier_zero_s: of complex data, when the carrier that they were multiplied by has phase 0, one or (n_tx,).
        frame_rate_hz: where it is known.
        notes: what the reader had to decide, a sentence each.
    """

    format: str
    shape: tuple[int, ...]
    n_frames: int
    read: Callable[[int], NDArray[Any]]
    dtype: np.dtype[Any]
    element_x_m: Claim
    center_frequency_hz: Claim
    sampling_frequency_hz: Claim
    sound_speed_m_s: Claim
    initial_times_s: Claim
    firing: Firing
    element_width_m: Claim | None = None
    fractional_bandwidth: float | None = None
    demodulation_frequency_hz: Claim | None = None
    carrier_zero_s: ArrayLike = 0.0
    frame_rate_hz: float | None = None
    notes: tuple[str, ...] = ()


def single_elements(tx_elements: ArrayLike, n_elements: int) -> Firing:
    """Shots that fire one element each, counted from 0, at t = 0.

    Raises:
        ValueError: there is no such element, or there are too many for their file.
    """
    elements = np.arange(n_elements)
    fires = shot_table(
        ((elements == elements[tx]).astype(float) for tx in np.asarray(tx_elements, int)), "elements that fire alone"
    )
    return Firing(Claim("delays", np.zeros_like(fires)), Claim("apodization", fires))
