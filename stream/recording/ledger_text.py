"""The ledger in a recording: JSON that others read while it is replaced, and whose writer may be killed."""

from __future__ import annotations

import math
import zlib

import h5py
import msgspec
import numpy as np

from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.recording import layout

_PATH = "metadata/ledger"
_CHUNK = 4096
"""Reaches the file in one piece."""
_CHECK_BYTES = 8
Counts = dict[str, EdgeCounts]


class LedgerText:
    """Keeps two lines and replaces the older one, so that one is whole at every moment.

    Args:
        file: the new recording.
    """

    def __init__(self, file: h5py.File) -> None:
        self._text = file.create_dataset(_PATH, (0,), maxshape=(None,), chunks=(_CHUNK,), dtype="u1")
        self._turn = 0

    def write(self, edges: Counts) -> None:
        """Makes these counts the last ones."""
        line = msgspec.json.encode(edges)
        line = b"\n" + line + _check(line)
        n_bytes = math.ceil((len(line) + 1) / _CHUNK) * _CHUNK
        start = self._turn * n_bytes
        if len(self._text) < 2 * n_bytes:
            self._text.resize((2 * n_bytes,))
        self._text[start : start + n_bytes] = np.frombuffer(line.ljust(n_bytes - 1) + b"\n", "u1")
        self._turn = 1 - self._turn


def write_final(file: h5py.File, edges: Counts) -> None:
    """Makes these counts the only ones, in a file that nobody else has open.

    Raises:
        KeyError: it has no ledger.
    """
    line = np.frombuffer(msgspec.json.encode(edges), "u1")
    file[_PATH].resize((len(line),))
    file[_PATH][:] = line


def read(file: h5py.File) -> Counts:
    """The last counts that were written whole; none where none were written yet.

    Raises:
        KeyError: the file has no ledger.
        ValueError: no line of it is whole.
    """
    lines = list(filter(None, (line.strip(b" \0") for line in layout.read_values(file[_PATH]).tobytes().split(b"\n"))))
    whole = [counts for line in lines if (counts := _counts_if_whole(line)) is not None]
    if lines and not whole:
        raise ValueError(f"{_PATH} holds no counts, but {lines[0][:40]!r}")
    return max(whole, key=lambda edges: sum(counts.acquired for counts in edges.values()), default={})


def _counts_if_whole(line: bytes) -> Counts | None:
    """None where it is being written, or its writer was killed."""
    text, check = (line, b"") if line.endswith(b"}") else (line[:-_CHECK_BYTES], line[-_CHECK_BYTES:])
    if check and check != _check(text):
        return None
    try:
        return msgspec.json.decode(text, type=Counts)
    except UNDECODABLE:
        return None


def _check(text: bytes) -> bytes:
    return b"%08x" % zlib.crc32(text)
