"""MATLAB files of version 5 and 7.3, as variables by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.formats import mat5, mat73
from sonolucent.stream.recording.known_formats import FileStart


def is_matlab(start: FileStart) -> bool:
    """Whether the file is MATLAB's, of a version that can be read."""
    return start.head.startswith((b"MATLAB 5.0", mat73.MAGIC))


def names(path: Path) -> list[str]:
    """The names of a file's variables; of a file that is cut off, those before the cut.

    Raises:
        RecordingError: the file cannot be read at all.
    """
    if _is_73(path):
        return mat73.names(path)
    try:
        return [name for name in mat5.names(memoryview(path.read_bytes())) if name and not name.startswith("__")]
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read as a MATLAB file ({error}); is it complete?") from error


def load(path: Path, *wanted: str) -> dict[str, Any]:
    """The variables of these names that a file has.

    Raises:
        RecordingError: the file is cut off, or holds what cannot be read.
    """
    found = {}
    try:
        for name, value in _variables(path, wanted):
            if name in wanted:
                found[name] = value
            if len(found) == len(wanted):
                break
    except (OSError, ValueError) as error:
        if isinstance(error, RecordingError):
            raise
        raise RecordingError(f"{path}: cannot be read as a MATLAB file ({error}); is it complete?") from error
    return found


def listed(value: Any) -> list[Any]:
    """A struct or an array of them, or a cell, as a list."""
    return list(value) if isinstance(value, list) else [value]


def field(struct: Any, name: str, of: str) -> Any:
    """A field of a struct.

    Raises:
        ValueError: it is missing or empty.
    """
    value = getattr(struct, name, None)
    if value is None or (isinstance(value, np.ndarray) and value.size == 0):
        raise ValueError(f"{of}.{name} is missing")
    return value


def _variables(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    return mat73.variables(path, wanted) if _is_73(path) else mat5.variables(memoryview(path.read_bytes()))


def _is_73(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(mat73.MAGIC)) == mat73.MAGIC
