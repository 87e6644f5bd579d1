"""Opens a recording of any format that can be read, by its content."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition
from sonolucent.stream.errors import RecordingError

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


class AnyRecording(Protocol):
    """What every reader offers: the acquisition, and frames of channel data by index."""

    @property
    def format(self) -> str: ...
    @property
    def path(self) -> Path: ...
    @property
    def acquisition(self) -> Acquisition: ...
    @property
    def frame_rate_hz(self) -> float | None: ...
    def __len__(self) -> int: ...
    def __getitem__(self, index: int) -> NDArray[Any]: ...
    def __iter__(self) -> Iterator[NDArray[Any]]: ...


def open_recording(path: str | os.PathLike[str]) -> AnyRecording:
    """The recording in the file at `path`: `rec.acquisition`, `len(rec)`, `rec[i]` (n_tx, n_rx, n_samples).

    Reads this project's HDF5 layout (docs/recording.md) and BRAIN `.mat` files.

    Raises:
        RecordingError: the file is missing, damaged, or of none of these formats.
    """
    file = Path(path)
    magic = _first_bytes(file, 8)
    if magic == _HDF5_MAGIC:
        from sonolucent.stream.recording import Recording

        return Recording(file)
    if magic == b"MATLAB 5":
        from sonolucent.stream.brain import BrainRecording

        return BrainRecording(file)
    raise RecordingError(f"{file}: neither a Sonolucent recording (HDF5) nor a BRAIN capture (MATLAB 5 .mat)")


def _first_bytes(path: Path, n: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(n)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}; check the path") from error
