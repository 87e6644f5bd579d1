"""Where the arrays of frames are kept: in memory, or in a file that is read one array at a time."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Arrays(Protocol):
    """Arrays in order: a list, or an `ArrayFile`."""

    def append(self, array: NDArray[Any], /) -> None:
        """Adds one at the end."""

    def __getitem__(self, index: int, /) -> NDArray[Any]: ...

    def __len__(self) -> int: ...


Keep = Callable[[], Arrays]
"""Makes a place for arrays."""
IN_MEMORY: Keep = list


class ArrayFile:
    """Arrays of one shape and type in a file without a name, which is gone with the process, however that ends.

    An array is read anew whenever it is asked for. The system keeps what fits in memory that nobody else needs. The
    file is not mapped into memory, because a limit on the size of a process counts all of a map.

    Args:
        folder: on the disk that is to hold it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._n = folder, 0
        self._shape: tuple[int, ...] = ()
        self._dtype = np.dtype(np.uint8)
        self._file = _unnamed(folder)
        weakref.finalize(self, os.close, self._file)

    def append(self, array: NDArray[Any]) -> None:
        """Adds one at the end.

        Raises:
            ValueError: it has another shape or type than the first one.
            OSError: the disk refuses it.
        """
        if self._n == 0:
            self._shape, self._dtype = array.shape, array.dtype
        if (array.shape, array.dtype) != (self._shape, self._dtype):
            raise ValueError(f"arrays are {self._dtype} {self._shape}; one is {array.dtype} {array.shape}")
        rest, place = np.ascontiguousarray(array).data.cast("B"), self._n * array.nbytes
        try:
            while rest:
                n_bytes = os.pwrite(self._file, rest, place)
                rest, place = rest[n_bytes:], place + n_bytes
        except OSError as error:
            raise OSError(
                f"{self._folder}: takes no more of what a training prepares, {os.strerror(error.errno or 0)}; it needs "
                "about a quarter of the recordings' size there: make room, or choose another folder"
            ) from error
        self._n += 1

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not 0 <= index < self._n:
            raise IndexError(f"there are {self._n} arrays, and no number {index}")
        array = np.empty(self._shape, self._dtype)
        if os.preadv(self._file, [array.data.cast("B")], index * array.nbytes) != array.nbytes:
            raise OSError(f"{self._folder}: array {index} cannot be read back")
        return array

    def __len__(self) -> int:
        return self._n


def _unnamed(folder: Path) -> int:
    """The descriptor of a new file that nobody else can open."""
    file, name = tempfile.mkstemp(dir=folder)
    os.unlink(name)
    return file
