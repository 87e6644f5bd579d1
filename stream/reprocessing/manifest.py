"""What has been made, line by line, so that a run goes on where the last one was killed.

Outputs have lines, and parts of outputs do. A line is written, and made safe, before its output is moved to its place.
So a run that begins may find a line whose output has not been moved: it moves it. Whatever has no line was never
finished.
"""

from __future__ import annotations

import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import OutputError
from sonolucent.stream.reprocessing.inputs import Fingerprint
from sonolucent.stream.reprocessing.work import Carried, Wish

NAME = "manifest.jsonl"
_BEGINNING = b'{"out":'
"""Of every line."""


class Identity(msgspec.Struct, frozen=True):
    """All that an output depends on: what was read, what was made of it, and the version that did it."""

    input: Fingerprint
    wish: Wish
    version: str


class Entry(msgspec.Struct, frozen=True):
    """A line of the manifest.

    Args:
        out: the output, below the folder.
        identity: what it was made of.
        frames: how many it holds.
        size_bytes: of it.
        draft: where it was written, below the folder, before it was moved.
        carried: of a part, to what follows it.
    """

    out: str
    identity: Identity
    frames: int
    size_bytes: int
    draft: str
    carried: Carried = Carried()


class OutputManifest:
    """The manifest of a folder.

    Args:
        folder: the folder.
        file: the manifest, of which a line whose writer was killed is cut away.

    Raises:
        OutputError: it is none.
    """

    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self._folder, self._file = folder, file
        file.seek(0)
        text = file.read()
        self._entries = {entry.out: entry for entry in _entries(text, folder / NAME)}
        file.truncate(text.rfind(b"\n") + 1)

    def __contains__(self, out: str) -> bool:
        """Whether an output of that name was made here, of whatever."""
        return out in self._entries

    def make_up(self) -> None:
        """Moves what was to be moved when the last run was killed."""
        for entry in self._entries.values():
            self._move(entry)

    def done(self, out: str, identity: Identity) -> Entry | None:
        """The line of an output that is there and was made of exactly that."""
        entry = self._entries.get(out)
        if entry is None or entry.identity != identity:
            return None
        try:
            return entry if (self._folder / out).stat().st_size == entry.size_bytes else None
        except OSError:
            return None

    def publish(self, entry: Entry) -> None:
        """Writes the line, and moves the output to its place.

        Raises:
            OutputError: something else is in the way.
            OSError: the disk refuses it.
        """
        place = self._folder / entry.out
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise OutputError(f"{place}: cannot be written: a file is where its folder should be") from error
        self._file.write(msgspec.json.encode(entry) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._entries[entry.out] = entry
        self._move(entry)

    def _move(self, entry: Entry) -> None:
        draft, place = self._folder / entry.draft, self._folder / entry.out
        if draft.exists():
            # Others may have written the line, or a link in the folder.
            home = self._folder.resolve()
            if not all(path.parent.resolve().is_relative_to(home) for path in (draft, place)):
                raise OutputError(
                    f"{self._folder / NAME}: its {entry.out!r} leads to another folder; choose another --out"
                )
            draft.replace(place)
            sync_folder(place.parent)


def sync_folder(folder: Path) -> None:
    """Makes what was moved into a folder safe from the machine's end."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def open_manifest(folder: Path) -> Iterator[OutputManifest]:
    """The manifest of a folder, for one run at a time.

    Raises:
        OutputError: another run is at work there, or the manifest is none.
        OSError: it cannot be written.
    """
    with (folder / NAME).open("a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(f"{folder}: another run is at work there; wait for its end, or end it") from error
        manifest = OutputManifest(folder, file)
        manifest.make_up()
        yield manifest


def read_manifest(folder: Path) -> OutputManifest:
    """A copy of what the manifest of a folder tells now, if there is one; nothing there is touched.

    Raises:
        OutputError: it is none.
    """
    try:
        return OutputManifest(folder, io.BytesIO((folder / NAME).read_bytes()))
    except FileNotFoundError:
        return OutputManifest(folder, io.BytesIO())


def _entries(text: bytes, path: Path) -> list[Entry]:
    *lines, cut = text.split(b"\n")
    try:
        if not cut.startswith(_BEGINNING[: len(cut)]):
            raise msgspec.DecodeError("its last line is none of ours")
        return [msgspec.json.decode(line, type=Entry) for line in lines]
    except UNDECODABLE as error:
        raise OutputError(f"{path}: is no manifest of this program: {error}; choose another folder") from error
