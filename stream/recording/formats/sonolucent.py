"""This project's own layout, as one format of the registry (docs/reference/recording.md)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording import hdf5
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.recording.sanity import Claim, sound_speed_m_s
from sonolucent.stream.recording.save import write_sonolucent


def recognise(start: FileStart) -> bool:
    """Whether the file has the two attributes of the layout; on wrong bytes, HDF5 may read text without end."""
    return start.hdf5 is not None and {"format", "version"} <= set(start.hdf5.attrs)


def read_sonolucent(path: Path, options: ReadOptions) -> AnyRecording:
    """A recording of this project.

    Raises:
        RecordingError: it is cut off, of a later version, or a part is asked for.
    """
    if options.part is not None:
        raise RecordingError(f"{path}: a Sonolucent recording holds one stream; leave ::{options.part} out")
    recording = Recording(path)
    if options.sound_speed_m_s is not None:
        with hdf5.reading(path, recording.format):
            speed_m_s = sound_speed_m_s(Claim("--sound-speed-m-s", options.sound_speed_m_s))
        acquisition = replace(recording.acquisition, sound_speed_m_s=speed_m_s)
        recording.stream = replace(recording.stream, acquisition=acquisition)
    return recording


FORMAT = FileFormat("Sonolucent", recognise, read_sonolucent, ".h5", write_sonolucent)
