"""Everything with time, sockets, processes, files or users."""

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.open_recording import open_recording

__all__ = ["RecordingError", "open_recording"]
