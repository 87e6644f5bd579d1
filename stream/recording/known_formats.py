"""The formats of recordings, as a registry: each says first whether a file is its own, then opens it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import h5py

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.plausible_values import require_ultrasound
from sonolucent.stream.printable import named
from sonolucent.stream.recording import hdf5, hdf5_values
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.file_words import why_no_file
from sonolucent.stream.recording.read_budget import bounded
from sonolucent.stream.registry import Registry

_MAGIC_BYTES = 512
"""Enough for the headers of all formats, MATLAB's of 128 bytes among them."""
_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class FileStart:
    """A file before anybody knows what it is.

    Args:
        path: the file.
        head: its first bytes, 512 at most.
        hdf5: the file, opened, where it is HDF5.
    """

    path: Path
    head: bytes
    hdf5: h5py.File | None = None


@dataclass(frozen=True)
class ReadOptions:
    """What a user adds to what a file says.

    Args:
        sound_speed_m_s: speed of sound, in place of the file's.
        part: which of several recordings in one file, by the file's own name for it; the first where None.
    """

    sound_speed_m_s: float | None = None
    part: str | None = None


@dataclass(frozen=True)
class FileFormat:
    """A format of recordings; packages bring theirs in the entry-point group "sonolucent.formats".

    Args:
        name: as users know it.
        recognise: whether a file is of this format, by its first bytes, structure or suffix; complete or not.
        read: opens such a file; raises `RecordingError` where it cannot be read.
        suffix: of the files that `write` makes, such as ".hdf5".
        write: writes the channel data of a recording of at least one frame to a new file.
    """

    name: str
    recognise: Callable[[FileStart], bool]
    read: Callable[[Path, ReadOptions], AnyRecording]
    suffix: str = ""
    write: Callable[[Path, AnyRecording], None] | None = None


_ROOM = "sonolucent.stream.recording.formats"
FORMATS: Registry[FileFormat] = Registry(
    "format",
    {
        "sonolucent": f"{_ROOM}.sonolucent:FORMAT",
        "zea": f"{_ROOM}.zea:FORMAT",
        "uff": f"{_ROOM}.uff:FORMAT",
        "uff-consortium": f"{_ROOM}.uff_consortium:FORMAT",
        "urx": f"{_ROOM}.urx:FORMAT",
        "picmus": f"{_ROOM}.picmus:FORMAT",
        "mfmc": f"{_ROOM}.mfmc:FORMAT",
        "brain": f"{_ROOM}.brain:FORMAT",
        "verasonics": f"{_ROOM}.verasonics:FORMAT",
        "must": f"{_ROOM}.must:FORMAT",
        "numpy": f"{_ROOM}.numpy_arrays:FORMAT",
        "matlab": f"{_ROOM}.other_matlab:FORMAT",
    },
)


def read_recording(path: Path, options: ReadOptions) -> AnyRecording:
    """The recording in a file, in whatever format it is.

    Raises:
        RecordingError: the file is missing, of no format that can be read, or says something that cannot be.
    """
    file_format = _format_of(path)
    with bounded(path):  # also of the readers of others
        recording = file_format.read(path, options)
    try:
        require_ultrasound(recording.acquisition)
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from error
    return recording


def recording_suffixes() -> tuple[str, ...]:
    """Of the files of channel data that can be written."""
    return tuple(each.suffix for each in FORMATS.everything() if each.write)


def writer_of(path: Path) -> Callable[[Path, AnyRecording], None]:
    """What writes files of that suffix.

    Raises:
        RecordingError: nothing does.
    """
    writers = {file_format.suffix: file_format.write for file_format in FORMATS.everything() if file_format.write}
    if path.suffix not in writers:
        raise RecordingError(
            f"{path}: a suffix of {', '.join(writers)} says what to write; `sonolucent image` makes pictures and films"
        )
    return writers[path.suffix]


def _format_of(path: Path) -> FileFormat:
    head = _first_bytes(path)
    if not head:
        raise RecordingError(f"{path}: an empty file; copy or export it again")
    with ExitStack() as stack:
        is_hdf5 = _HDF5_MAGIC in (head[:8], _first_bytes(path, skip=_MAGIC_BYTES)[:8])
        file = stack.enter_context(hdf5.open_for_reading(path)) if is_hdf5 else None
        if file is not None:
            with hdf5.reading(path, "HDF5"):
                hdf5_values.require_links_inside(file)
        start = FileStart(path, head, file)
        for file_format in FORMATS.everything():
            with hdf5.reading(path, file_format.name):
                if file_format.recognise(start):
                    return file_format
        held = "" if file is None else f"; it is HDF5 and holds {named(file)}"
    is_text = head.isascii() and b"\0" not in head
    known = ", ".join(dict.fromkeys(file_format.name for file_format in FORMATS.everything()))
    raise RecordingError(f"{path}: {'text, and ' if is_text else ''}of no format that can be read ({known}){held}")


def _first_bytes(path: Path, *, skip: int = 0) -> bytes:
    try:
        if no_file := why_no_file(path):
            raise RecordingError(f"{path}: {no_file}")
        with path.open("rb") as file:
            file.seek(skip)
            return file.read(_MAGIC_BYTES)
    except OSError as error:
        raise RecordingError(f"{path}: {os.strerror(error.errno or 0)}; check the path") from error
