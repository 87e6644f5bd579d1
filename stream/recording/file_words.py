"""What words of a user mean which files: files, folders, patterns, and texts that list those."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sonolucent.stream.errors import ConfigError

DESCRIPTION = ".toml"
"""Of files beside arrays, which say what those are; no recordings."""


def unlisted(words: Sequence[str]) -> Iterator[str]:
    """The words, and in place of @FILE those of that text, one a line.

    Raises:
        ConfigError: there is no such text.
    """
    for word in words:
        if word.startswith("@"):
            try:
                lines = Path(word[1:]).read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                why = getattr(error, "strerror", None) or "it is no text"
                raise ConfigError(f"{word[1:]}: cannot be read: {why}; give a text with one file a line") from error
            yield from (line.strip() for line in lines if line.strip())
        else:
            yield word


def means_several(word: str) -> bool:
    """Whether it is a folder or a pattern."""
    return Path(word).is_dir() or (glob.has_magic(word) and not Path(word).exists())


def why_no_file(path: Path) -> str:
    """Why what is there cannot be read as a file; empty where it can, or nothing is there.

    A pipe is never at its end, and opening it waits for who writes.
    """
    is_special = path.exists() and not path.is_file() and not path.is_dir()
    return "a pipe, socket or device; copy what it holds into a file first" if is_special else ""


def files_meant(word: str) -> tuple[Path, list[Path]]:
    """The folder below which names are told, and the files that a word means, in any order.

    Of a folder all count but hidden ones, pipes and descriptions of arrays.

    Raises:
        ConfigError: there is no such file.
    """
    path = Path(os.path.abspath(word))
    if path.is_dir():
        return path, list(_files_in(path))
    if no_file := why_no_file(path):
        raise ConfigError(f"{word}: {no_file}")
    if path.exists():
        return path.parent, [path]
    if not glob.has_magic(word):
        raise ConfigError(f"{word}: no such file or folder; check the path")
    found = [Path(file) for file in glob.glob(str(path), recursive=True) if Path(file).is_file()]
    if not found:
        raise ConfigError(f"{word}: no file is named so; check the pattern, and quote it")
    folders = path.parts[:-1]
    plain = itertools.takewhile(lambda part: not glob.has_magic(part), folders)
    return Path(*plain), [file for file in found if not _is_description(file)]


def _files_in(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        files = (Path(place) / name for name in names if not name.startswith("."))
        yield from (file for file in files if file.is_file() and not _is_description(file))


def _is_description(file: Path) -> bool:
    return file.suffix == DESCRIPTION and any(file.with_suffix(array).exists() for array in (".npy", ".npz"))
