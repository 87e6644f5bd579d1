"""HDF5 files that nobody reads before they are whole, on a disk that may be full."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from sonolucent.stream.output_file import require_free


@contextmanager
def whole_file(path: Path) -> Iterator[h5py.File]:
    """A new file that nobody reads before it is whole, which it is when the block ends.

    Raises:
        OutputError: it exists, or cannot be written there.
        OSError: the disk refuses it. HDF5 would crash the program's end, had it a disk of its own that refuses.
    """
    require_free(path)
    with path.open("xb+", buffering=0) as raw:
        disk = _Disk(raw)
        try:
            with h5py.File(disk, "w", libver="latest", rdcc_nbytes=0) as file:
                yield file
        finally:
            disk.require_success()


class _Disk:
    """A file as h5py takes one: it refuses once, and then lets HDF5 believe that it could write what is lost anyway."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._error: OSError | None = None
        self.seek, self.tell, self.flush = raw.seek, raw.tell, raw.flush
        self.read, self.readinto = raw.read, raw.readinto

    def write(self, data: memoryview) -> int:
        rest = memoryview(data).cast("B")
        self._attempt(lambda: self._write_all(rest))
        return len(rest)

    def truncate(self, size: int) -> int:
        self._attempt(lambda: self._raw.truncate(size))
        return size

    def require_success(self) -> None:
        """Raises what the disk refused, which may have been when HDF5 could tell nobody."""
        if self._error is not None:
            raise self._error

    def _attempt(self, act: Callable[[], object]) -> None:
        if self._error is None:
            try:
                act()
            except OSError as error:
                self._error = error
                raise

    def _write_all(self, rest: memoryview) -> None:
        while rest:
            rest = rest[self._raw.write(rest) :]
