"""Reads MATLAB 7.3 `.mat` files: HDF5 with a header of 512 bytes before it (MathWorks, "MAT-File Versions").

MATLAB stores arrays with their axes exchanged, structs as groups, and text as numbers that are marked as characters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import h5py
import numpy as np

from sonolucent.stream.recording import hdf5

MAGIC = b"MATLAB 7.3"
MAX_VARIABLE_BYTES = 1 << 30
_MAX_DEPTH = 16


def variables(path: Path) -> Iterator[tuple[str, Any]]:
    """The names and values of a file's variables, one after the other, as `mat5.variables` gives those of MATLAB 5:
    arrays (squeezed, in the type they are stored in), str, structs as namespaces, and None for anything else.

    Raises:
        RecordingError: the file is cut off or damaged.
        ValueError: more than 1 GiB in one array, or structs nested too deep.
    """
    with hdf5.open_for_reading(path) as file:
        with hdf5.reading(path, "MATLAB 7.3"):
            # "#refs#" and its like hold what variables refer to, not variables themselves.
            names = [name for name in file if not name.startswith("#")]
        for name in names:
            with hdf5.reading(path, "MATLAB 7.3"):
                value = _value(file[name], 0)
            yield name, value


def _value(node: h5py.Group | h5py.Dataset, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ValueError(f"structs nested more than {_MAX_DEPTH} deep")
    if isinstance(node, h5py.Group):
        return SimpleNamespace(**{name: _value(field, depth + 1) for name, field in node.items()})
    if node.dtype.kind not in "iuf" or "MATLAB_empty" in node.attrs:
        return None
    if max(math.prod(node.shape), math.prod(node.chunks or (1,))) * node.dtype.itemsize > MAX_VARIABLE_BYTES:
        raise ValueError(f"{node.name} claims more than {MAX_VARIABLE_BYTES} bytes")
    values = np.squeeze(node[...].T)
    return _text(values) if node.attrs.get("MATLAB_class") == b"char" else values


def _text(codes: np.ndarray[Any, Any]) -> str:
    return "".join(map(chr, np.atleast_1d(codes).ravel()))
