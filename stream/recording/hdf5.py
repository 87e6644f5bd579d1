"""Opens HDF5 files, also those whose writer was cut off."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.read_budget import bounded, charge
from sonolucent.stream.recording.text_heaps import require_heaps_that_end

# What h5py raises on damaged files, by trial.
_DAMAGED = (
    KeyError,
    ValueError,
    TypeError,
    OSError,
    OverflowError,
    AttributeError,
    IndexError,
    RuntimeError,
    MemoryError,
)
# How h5py names what it does not find.
_MISSING = re.compile(r"object '(.+?)' doesn't exist")
# Of version 3, with its checksum.
_SUPERBLOCK_BYTES = 48
# The waits double from a nanosecond on: two milliseconds in all.
_READ_ATTEMPTS = 20
_HEAD_BYTES = 1 << 15
# A name in a list, and what it leads to where that is opened.
_NAME_BYTES = 256


def create(path: Path) -> h5py.File:
    """A new file that can be written in single-writer-multiple-readers mode.

    Raises:
        OSError: it exists, or the disk refuses it.
    """
    _require_room(path)
    return h5py.File(path, "x", libver="latest", rdcc_nbytes=0)


def _require_room(path: Path) -> None:
    """Refuses a disk that has no room even for a head: HDF5 would crash the program's end."""
    with path.open("xb") as head:  # never through a link that somebody has put there
        try:
            head.write(bytes(_HEAD_BYTES))
        finally:
            path.unlink(missing_ok=True)


def abandon(file: h5py.File, path: Path) -> None:
    """Closes a file that its disk has no room for, and leaves it as if its writer had been killed.

    HDF5 marks such a file as closed with a size that it does not have, so that nothing could open it any more; left
    open, it would crash the program's end.
    """
    with path.open("r+b") as raw:
        superblock = raw.read(_SUPERBLOCK_BYTES)
        with contextlib.suppress(RuntimeError, OSError):
            file.close()
        raw.seek(0)
        raw.write(superblock)


def open_for_reading(path: Path) -> h5py.File:
    """A file that its writer has closed, still writes, or left behind when it was killed.

    Raises:
        RecordingError: it is no complete HDF5 file.
    """
    try:
        require_heaps_that_end(path)
        return _open_unclosed(path) if _writer_did_not_close(path) else h5py.File(path, "r", libver="latest")
    except ValueError as error:
        raise RecordingError(f"{path}: {error}; copy or export it again") from error
    except (OSError, RuntimeError) as error:
        raise RecordingError(f"{path}: not a complete HDF5 file{_how_much(path, error)}") from error


def _how_much(path: Path, error: Exception) -> str:
    """What HDF5 has to say, in a few words where the file is cut off."""
    whole = re.search(r"truncated file: .*stored_eof = (\d+)", str(error))
    if whole is None:
        return f": {error}"
    return f": {path.stat().st_size} of its {whole[1]} bytes are there; copy or export it again"


def _writer_did_not_close(path: Path) -> bool:
    """Whether the consistency flags of the superblock (version 3, byte 11) say that the file is being written."""
    with path.open("rb") as file:
        superblock = file.read(12)
    return len(superblock) == 12 and superblock[8] == 3 and superblock[11] != 0


def _open_unclosed(path: Path) -> h5py.File:
    """As a reader beside a writer, which reads what fails its checksum again after a wait, each time twice as long.

    HDF5's hundred attempts would take longer than the world lasts when the file is damaged; these, a few milliseconds.
    h5py cannot say how many, so HDF5 itself is told.
    """
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fclose_degree(h5py.h5f.CLOSE_STRONG)
    access.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    hdf5 = ctypes.CDLL(h5py.h5p.__file__)
    if hdf5.H5Pset_metadata_read_attempts(ctypes.c_int64(access.id), ctypes.c_uint(_READ_ATTEMPTS)) < 0:
        raise OSError("HDF5 refused to bound its attempts at reading")
    return h5py.File(h5py.h5f.open(os.fsencode(path), h5py.h5f.ACC_RDONLY | h5py.h5f.ACC_SWMR_READ, fapl=access))


@contextmanager
def reading(path: Path, format_name: str) -> Iterator[None]:
    """Within, a file takes no more memory than it may, and whatever a reader, h5py or NumPy make of it is a
    `RecordingError` that names file and format."""
    try:
        with bounded(path):
            yield
    except RecordingError:
        raise
    except KeyError as error:
        field = _MISSING.search(str(error))
        raise RecordingError(f"{path}: {format_name}: {field[1] if field else error} is missing") from error
    except _DAMAGED as error:
        raise RecordingError(f"{path}: {format_name}: {error}") from error


def holds(group: h5py.Group, name: str) -> bool:
    """Whether a group has a member; h5py would go through all rows of a dataset to say so.

    Raises:
        ValueError: it is a dataset.
    """
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{group.name} is a dataset where a group is due")
    return name in group


def members(group: h5py.Group) -> list[str]:
    """The names in a group, sorted.

    Raises:
        ValueError: it is a dataset, whose rows nobody should go through; or there are too many for their file.
    """
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{group.name} is a dataset where a group is due")
    charge(_NAME_BYTES * len(group), f"the names in {group.name}")
    return sorted(group)
