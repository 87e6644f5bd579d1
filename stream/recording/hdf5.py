"""Opens HDF5 files, also those whose writer was cut off."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from sonolucent.stream.errors import RecordingError

# What h5py raises on damaged files, by trial.
_DAMAGED = (KeyError, ValueError, TypeError, OSError, OverflowError, AttributeError, IndexError, RuntimeError)
# Of version 3, with its checksum.
_SUPERBLOCK_BYTES = 48
# The waits double from a nanosecond on: two milliseconds in all.
_READ_ATTEMPTS = 20


def create(path: Path) -> h5py.File:
    """A new file that can be written in single-writer-multiple-readers mode.

    Raises:
        RecordingError: it exists, or cannot be written.
    """
    try:
        return h5py.File(path, "x", libver="latest", rdcc_nbytes=0)
    except OSError as error:
        reason = "the file exists; choose another name" if path.exists() else str(error)
        raise RecordingError(f"{path}: cannot be written: {reason}") from error


def abandon(file: h5py.File) -> None:
    """Closes a file that its disk has no room for, and leaves it as if its writer had been killed.

    HDF5 marks such a file as closed with a size that it does not have, so that nothing could open it any more; left
    open, it would crash the program's end.
    """
    path = Path(file.filename)
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
        return _open_unclosed(path) if _writer_did_not_close(path) else h5py.File(path, "r", libver="latest")
    except (OSError, RuntimeError) as error:
        raise RecordingError(f"{path}: not a complete HDF5 file: {error}") from error


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
    """Within, whatever h5py and NumPy make of damaged bytes is a `RecordingError`."""
    try:
        yield
    except RecordingError:
        raise
    except _DAMAGED as error:
        raise RecordingError(f"{path}: damaged, or not a recording of {format_name}: {error}") from error


def require_filters(dataset: h5py.Dataset) -> None:
    """Makes the filters at hand that a dataset is compressed by.

    Raises:
        ValueError: one is not installed.
    """
    plist = dataset.id.get_create_plist()
    filters = [plist.get_filter(i)[0] for i in range(plist.get_nfilters())]
    if all(h5py.h5z.filter_avail(number) for number in filters):
        return
    try:
        import hdf5plugin  # noqa: F401 - registers them
    except ImportError as error:
        raise ValueError("compressed by a filter that is not installed; pip install 'sonolucent[formats]'") from error
