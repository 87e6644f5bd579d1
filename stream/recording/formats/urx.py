"""URX (Moduleus): recognised, so that its name is said; its groups of groups of events are not read."""

from __future__ import annotations

from pathlib import Path

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions


def recognise(start: FileStart) -> bool:
    """Whether the file holds `dataset/acquisition`, URX's root."""
    return start.hdf5 is not None and "dataset/acquisition" in start.hdf5


def refuse(path: Path, _: ReadOptions) -> AnyRecording:
    """Raises `RecordingError` that says what to do."""
    raise RecordingError(f"{path}: a URX file, which cannot be read; export it as UFF, or as arrays (.npz)")


FORMAT = FileFormat("URX", recognise, refuse)
