"""MATLAB files that are no recording: all there is to do is to say what they hold."""

from __future__ import annotations

from pathlib import Path

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.printable import named
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.formats import matlab
from sonolucent.stream.recording.known_formats import FileFormat, ReadOptions


def refuse(path: Path, _: ReadOptions) -> AnyRecording:
    """Raises `RecordingError` with the names of the file's variables."""
    held = named(matlab.names(path))
    raise RecordingError(
        f"{path}: a MATLAB file with no exp_data (BRAIN), RcvData (Verasonics) or RF and param (MUST); it holds {held}"
    )


FORMAT = FileFormat("MATLAB", matlab.is_matlab, refuse)
