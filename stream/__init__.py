"""Everything with time, sockets, processes, files or users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonolucent.stream.errors import RecordingError
    from sonolucent.stream.recording.open import open_recording

__all__ = ["RecordingError", "open_recording"]


def __getattr__(name: str) -> Any:
    # Late, so that the command line's help does not wait for the numerics.
    if name == "open_recording":
        from sonolucent.stream.recording.open import open_recording

        return open_recording
    if name == "RecordingError":
        from sonolucent.stream.errors import RecordingError

        return RecordingError
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
