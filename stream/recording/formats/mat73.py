"""Reads MATLAB 7.3 `.mat` files: HDF5 with a header of 512 bytes before it (MathWorks, "MAT-File Versions").

MATLAB stores arrays with their axes exchanged, structs as groups, text as numbers that are marked as characters, cells
as references, and arrays of structs as groups whose every field is references.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np

from sonolucent.stream.recording import hdf5, hdf5_values
from sonolucent.stream.recording.read_budget import charge

MAGIC = b"MATLAB 7.3"
MAX_VARIABLE_BYTES = 1 << 30
_MAX_DEPTH = 16
_MAX_NODES = 200_000
# Of what holds a value; of a complex number, made of two; of a character, which is a text of its own for a while.
_VALUE_BYTES, _COMPLEX_BYTES, _CHARACTER_BYTES = 512, 32, 100


def names(path: Path) -> list[str]:
    """The names of a file's variables.

    Raises:
        RecordingError: the file is cut off or its bytes are wrong.
    """
    with hdf5.open_for_reading(path) as file, hdf5.reading(path, "MATLAB 7.3"):
        # "#refs#" and its like hold what variables refer to, not variables themselves.
        return [name for name in file if not name.startswith("#")]


def variables(path: Path, wanted: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """The names and values of a file's variables, one after the other, as `mat5.variables` gives those of MATLAB 5:
    arrays (squeezed, in the type they are stored in), str, structs as namespaces (lists of them where there is more
    than one), cells as lists, and None for anything else.

    Args:
        wanted: the names to read; all where empty.

    Raises:
        RecordingError: the file is cut off, its bytes are wrong, or it holds more than 1 GiB in one array, structs
            nested too deep, too many of them, or more in all than such a file may.
    """
    for name in names(path):
        if not wanted or name in wanted:
            with hdf5.open_for_reading(path) as file, hdf5.reading(path, "MATLAB 7.3"):
                value = _Reader(file).value(file[name], 0)
            yield name, value


class _Reader:
    """Follows references, as far as a file of reasonable size has them."""

    def __init__(self, file: h5py.File) -> None:
        self._file = file
        self._n_nodes = 0

    def value(self, node: h5py.Group | h5py.Dataset, depth: int) -> Any:
        self._n_nodes += 1
        charge(_VALUE_BYTES, node.name)
        if depth > _MAX_DEPTH:
            raise ValueError(f"structs nested more than {_MAX_DEPTH} deep")
        if self._n_nodes > _MAX_NODES:
            raise ValueError(f"more than {_MAX_NODES} values in one variable")
        if isinstance(node, h5py.Group):
            return self._struct(node, depth)
        if hdf5_values.is_reference(node.dtype):
            return self._referred(node, depth)
        return _array(node)

    def _struct(self, group: h5py.Group, depth: int) -> Any:
        if not _is_array_of_structs(group):
            return SimpleNamespace(**{name: self.value(group[name], depth + 1) for name in hdf5.members(group)})
        columns = {name: self._referred(group[name], depth) for name in hdf5.members(group)}
        rows = zip(*columns.values(), strict=True)
        return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows]

    def _referred(self, dataset: h5py.Dataset, depth: int) -> list[Any]:
        if dataset.size > _MAX_NODES:
            raise ValueError(f"{dataset.name} claims {dataset.size} values")
        return [
            self.value(self._file[reference], depth + 1) for reference in hdf5_values.read(dataset).T.ravel(order="F")
        ]


def _is_array_of_structs(group: h5py.Group) -> bool:
    return len(group) > 0 and all(
        isinstance(field, h5py.Dataset) and hdf5_values.is_reference(field.dtype) and "MATLAB_class" not in field.attrs
        for field in group.values()
    )


def _array(node: h5py.Dataset) -> Any:
    is_complex = node.dtype.names == ("real", "imag")
    if not (node.dtype.kind in "iuf" or is_complex) or "MATLAB_empty" in node.attrs:
        return None
    if max(math.prod(node.shape), math.prod(node.chunks or (1,))) * node.dtype.itemsize > MAX_VARIABLE_BYTES:
        raise ValueError(f"{node.name} claims more than {MAX_VARIABLE_BYTES} bytes")
    is_text = hdf5_values.attribute(node, "MATLAB_class") == b"char"
    charge((_COMPLEX_BYTES * is_complex + _CHARACTER_BYTES * is_text) * math.prod(node.shape), node.name)
    stored = hdf5_values.read(node)
    values = np.squeeze((stored["real"] + 1j * stored["imag"] if is_complex else stored).T)
    return _text(values) if is_text else values


def _text(codes: np.ndarray[Any, Any]) -> str:
    return "".join(map(chr, np.atleast_1d(codes).ravel()))
