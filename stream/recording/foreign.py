"""What the readers of other people's layouts share: a recording whose frames are read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.stream.recording import hdf5


@dataclass(frozen=True)
class ForeignRecording:
    """Frames (n_tx, n_rx, n_samples) out of a file of another layout.

    Args:
        read: frame i, 0 <= i < n_frames.
        notes: what the reader had to decide or convert, a sentence each.

    Raises:
        RecordingError: on reading a frame, where the file is cut off or its bytes are wrong.
    """

    format: str
    path: Path
    acquisition: Acquisition
    frame_rate_hz: float | None
    n_frames: int
    read: Callable[[int], NDArray[Any]]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.n_frames

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path} holds {len(self)} frames of channel data; there is no frame {index}")
        with hdf5.reading(self.path, self.format):
            return np.ascontiguousarray(self.read(index % len(self)))

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))
