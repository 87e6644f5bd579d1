"""Everything with time, sockets, processes, files or users."""

from sonolucent.stream.open_recording import open_recording
from sonolucent.stream.recording_error import RecordingError

__all__ = ["RecordingError", "open_recording"]
