"""What the readers of other people's layouts share: a recording whose frames are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, Probe
from sonolucent.stream.recording import hdf5

_MAX_FRAME_BYTES = 1 << 30


@dataclass(frozen=True)
class ForeignRecording:
    """Frames (n_tx, n_rx, n_samples) out of a file of another layout.

    Args:
        read: frame i, 0 <= i < n_frames.

    Raises:
        RecordingError: on reading a frame, where the file is damaged.
    """

    format: str
    path: Path
    acquisition: Acquisition
    frame_rate_hz: float | None
    n_frames: int
    read: Callable[[int], NDArray[Any]]

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path} holds {len(self)} frames of channel data; there is no frame {index}")
        with hdf5.reading(self.path, self.format):
            return np.ascontiguousarray(self.read(index % len(self)))

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))


def linear_probe(x_m: NDArray[Any], width_m: float, center_frequency_hz: float, bandwidth: float | None) -> Probe:
    """The probe of element centres `x_m`, (n_el,); without a `bandwidth`, of the default one.

    Raises:
        ValueError: they are not in order at one pitch, centred on x = 0.
    """
    pitch = float(np.diff(x_m).mean()) if len(x_m) > 1 else 0.0
    # Files hold single precision: a millionth of the aperture.
    if not pitch > 0 or np.ptp(np.diff(x_m)) > 1e-3 * pitch or abs(x_m.mean()) > 1e-3 * pitch:
        raise ValueError("the elements are not at one pitch from left to right, centred on x = 0")
    known = {} if bandwidth is None else {"fractional_bandwidth": bandwidth}
    return Probe.linear(
        n_elements=len(x_m),
        pitch_m=pitch,
        element_width_m=width_m,
        center_frequency_hz=center_frequency_hz,
        **known,
    )


def the_one(values: NDArray[Any], what: str, tolerance: float) -> float:
    """The one value that all transmits share.

    Raises:
        ValueError: they differ by more than `tolerance`.
    """
    if not np.size(values) or not np.ptp(values) <= tolerance:
        raise ValueError(f"{what} differs from transmit to transmit; only recordings with one for all can be read")
    return float(np.mean(values))


def full_matrix(
    traces: NDArray[Any], tx: NDArray[np.int_], rx: NDArray[np.int_], n: int
) -> tuple[NDArray[np.float32], list[int]]:
    """The frame of the elements that can be made to transmit, by reciprocity where a pair was taken once, and those.

    Args:
        traces: (n_traces, n_samples).
        tx, rx: the element that transmits and that receives each of them, from 0.
        n: how many elements there are.

    Raises:
        ValueError: no element has transmitted to all, or the frame would be too large.
    """
    if n * n * traces.shape[1] * 4 > _MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {n} x {n} x {traces.shape[1]} samples is more than {_MAX_FRAME_BYTES} bytes")
    frame = np.zeros((n, n, traces.shape[1]), np.float32)
    taken = np.zeros((n, n), bool)
    for first, second in ((rx, tx), (tx, rx)):
        frame[first, second] = traces
        taken[first, second] = True
    elements = np.flatnonzero(taken.all(axis=1))
    if len(elements) == 0:
        raise ValueError(f"{len(traces)} traces do not make up one whole transmit of {n} receivers")
    whole = len(elements) == n
    return (frame if whole else frame[elements]), [int(e) for e in elements]
