"""Opens a recording of any format that can be read, by its content."""

from __future__ import annotations

import functools
import logging
import os
from pathlib import Path

from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.inspection import inspect_frame
from sonolucent.stream.recording.known_formats import ReadOptions, read_recording

_log = logging.getLogger(__name__)


def open_recording(path: str | os.PathLike[str], *, sound_speed_m_s: float | None = None) -> AnyRecording:
    """The recording in the file at `path`: `rec.acquisition`, `len(rec)`, `rec[i]` (n_tx, n_rx, n_samples).

    Reads this project's HDF5 layout (docs/reference/recording.md) and the formats of others (docs/how-to/convert.md).
    What a reader had to decide or convert is in `rec.notes`, and logged once a file.

    Args:
        path: the file; FILE::NAME for another than the first of several recordings in it, such as a second track.
        sound_speed_m_s: speed of sound in the medium, in place of the file's.

    Raises:
        RecordingError: the file is missing, of no format that can be read, or says something that cannot be.
    """
    file, part = split_path(path)
    recording = read_recording(file, ReadOptions(sound_speed_m_s, part))
    for note in recording.notes:
        _say_once(file, note)
    return recording


def split_path(path: str | os.PathLike[str]) -> tuple[Path, str | None]:
    """The file and the name of the recording in it, out of FILE or FILE::NAME."""
    file, separator, part = os.fspath(path).rpartition("::")
    if not separator or Path(path).exists():
        return Path(path), None
    return Path(file), part


def warn_of_frame(recording: AnyRecording, index: int = 0) -> tuple[str, ...]:
    """What is odd about a frame's samples and elements, a sentence each; logged once a file as well.

    Raises:
        RecordingError: the frame cannot be read.
    """
    warnings = inspect_frame(recording[index], recording.acquisition).warnings
    for warning in warnings:
        _say_once(recording.path, warning)
    return warnings


@functools.lru_cache(maxsize=1024)
def _say_once(path: Path, note: str) -> None:
    _log.warning("%s: %s", path, note)
