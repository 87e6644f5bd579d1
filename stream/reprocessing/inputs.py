"""From the words of a user to the files that are meant, and where the output of each goes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.recording.file_words import DESCRIPTION, files_meant, unlisted

_END_BYTES = 1 << 16


class InputFile(msgspec.Struct, frozen=True):
    """A file of the archive.

    Args:
        path: where it is.
        name: its path below what all inputs have in common.
        out: that of its output, below the output folder.
    """

    path: str
    name: str
    out: str


class Fingerprint(msgspec.Struct, frozen=True):
    """What a file is known again by.

    Args:
        name: as `InputFile.name`.
        size_bytes: of the file.
        ends_sha256: of its first and last 64 KiB, and of the TOML file beside an array.
    """

    name: str
    size_bytes: int
    ends_sha256: str


def find_inputs(words: Sequence[str], suffix: str) -> list[InputFile]:
    """The files that are meant, in the order of their names, each once.

    Args:
        words: folders, whose files are all meant but hidden ones, pipes and descriptions of arrays; files; patterns
            such as archive/**/*.h5; @FILE, a text with one of these a line.
        suffix: of the outputs, such as ".h5".

    Raises:
        ConfigError: there is no such file, or none at all.
    """
    roots, files = [], set[Path]()
    for word in unlisted(words):
        root, found = files_meant(word)
        roots.append(root)
        files.update(found)
    if not files:
        raise ConfigError(f"{', '.join(words)}: holds no files; give folders, files or patterns of recordings")
    common = Path(os.path.commonpath(roots))
    return _named(sorted(files), common, suffix)


def fingerprint(file: InputFile) -> Fingerprint:
    """What the file is known again by.

    Raises:
        OSError: it cannot be read.
    """
    path = Path(file.path)
    digest = hashlib.sha256()
    with path.open("rb") as content:
        size = os.fstat(content.fileno()).st_size
        digest.update(content.read(_END_BYTES))
        content.seek(max(_END_BYTES, size - _END_BYTES))
        digest.update(content.read(_END_BYTES))
    description = path.with_suffix(DESCRIPTION)
    if description.is_file():
        digest.update(description.read_bytes())
    return Fingerprint(file.name, size, digest.hexdigest())


def _named(files: Sequence[Path], common: Path, suffix: str) -> list[InputFile]:
    """Outputs have their input's name; where two of those differ in the suffix alone, with that suffix.

    Raises:
        ConfigError: two would still be the same.
    """
    names = [file.relative_to(common) for file in files]
    taken = Counter(name.with_suffix("") for name in names)
    outs = [name if taken[name.with_suffix("")] > 1 else name.with_suffix("") for name in names]
    twice = [out for out, n in Counter(outs).items() if n > 1]
    if twice:
        raise ConfigError(f"{twice[0]}{suffix} would be the output of two files; rename one of them")
    return [
        InputFile(str(file), name.as_posix(), f"{out.as_posix()}{suffix}")
        for file, name, out in zip(files, names, outs, strict=True)
    ]
