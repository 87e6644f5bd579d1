"""Damages files where their structure is, in what a reader believes; checksums are made good again."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tests.campaigns.archive_damage import at_a_member, at_a_tag
from tests.campaigns.byte_damage import Chance, blown_up, cut, flipped, flipped_at, spliced, with_number

_SIGNATURES = re.compile(rb"\x89HDF|OHDR|OCHK|TREE|SNOD|HEAP|GCOL|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FAHD|FADB|EAHD|EADB")
_SHAPES = [(), (0,), (1,), (1 << 40,), (3, 0, 4), (1 << 20, 1 << 20), (2, 2, 2, 2, 2, 2)]
_TYPES = ["i1", "<i2", ">i4", "<u8", "<f2", "<f8", "S8", "<c16", h5py.string_dtype(), h5py.ref_dtype]
_VALUES = [0, -1, float("nan"), 2**63, "x" * 100, np.zeros((0, 3)), np.zeros(5000), b"\xff"]
_MASK = 0xFFFFFFFF


def damaged(whole: bytes, suffix: str, chance: Chance, scratch: Path) -> bytes:
    """A file's bytes, damaged in one of the ways that suit what it is, or in one that suits any.

    Args:
        whole: the file.
        suffix: of its name.
        chance: decides.
        scratch: a file that may be written.
    """
    ways: list[Callable[[bytes, Chance], bytes]] = [cut, flipped, blown_up, spliced]
    if b"\x89HDF" in whole[:520]:
        ways += 2 * [at_a_signature]
        if chance.random() < 0.4:
            return other_objects(whole, chance, scratch)
    elif suffix == ".mat":
        ways += 3 * [at_a_tag]
    elif suffix == ".npz":
        ways += 3 * [at_a_member]
    return chance.choice(ways)(whole, chance)


def at_a_signature(whole: bytes, chance: Chance) -> bytes:
    """Bytes behind the beginning of a superblock, an object's header, a tree, a heap or a table of chunks."""
    begin = chance.choice([found.start() for found in _SIGNATURES.finditer(whole)])
    content = whole
    for _ in range(chance.randrange(1, 4)):
        position = min(begin + 4 + chance.randrange(chance.choice((20, 60, 300))), len(whole) - 1)
        change = chance.choice((flipped_at, with_number))
        content = change(content, position, chance)
    return _with_checksum(content[: len(whole)], begin)


def _with_checksum(content: bytes, begin: int) -> bytes:
    """The checksum of a superblock of version 2 or 3, or of an object's header of version 2, made good again."""
    end = None
    if content[begin : begin + 4] == b"\x89HDF" and content[begin + 8] >= 2:
        end = begin + 44
    elif content[begin : begin + 4] == b"OHDR":
        flags = content[begin + 5]
        size_at = begin + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        n = 1 << (flags & 3)
        end = size_at + n + int.from_bytes(content[size_at : size_at + n], "little")
    if end is None or end + 4 > len(content):
        return content
    return content[:end] + struct.pack("<I", lookup3(content[begin:end])) + content[end + 4 :]


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hash of 2006, which HDF5 takes for its checksums (its file format specification, III.G)."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    blocks = max(0, (len(data) - 1) // 12)
    for i in range(blocks):
        x, y, z = struct.unpack_from("<III", data, 12 * i)
        a, b, c = _mixed((a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK)
    rest = data[12 * blocks :]
    if not rest:
        return c
    x, y, z = struct.unpack("<III", rest.ljust(12, b"\0"))
    return _finished((a + x) & _MASK, (b + y) & _MASK, (c + z) & _MASK)


def _turned(x: int, n: int) -> int:
    return ((x << n) | (x >> (32 - n))) & _MASK


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for n in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _MASK) ^ _turned(c, n)
        c = (c + b) & _MASK
        a, b, c = b, c, a
    return a, b, c


def _finished(a: int, b: int, c: int) -> int:
    for n in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turned(b, n)) & _MASK
        a, b, c = b, c, a
    return b


def other_objects(whole: bytes, chance: Chance, scratch: Path) -> bytes:
    """Datasets and attributes of other shapes, types, values and claims, by HDF5 itself."""
    scratch.write_bytes(whole)
    with h5py.File(scratch, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        for _ in range(chance.randrange(1, 3)):
            name = chance.choice(names)
            if name in file:
                _change(file, name, chance)
    return scratch.read_bytes()


def _change(file: h5py.File, name: str, chance: Chance) -> None:
    item, way = file[name], chance.randrange(7)
    if way == 0:
        del file[name]
    elif way == 1 and item.attrs:
        key = chance.choice(list(item.attrs))
        item.attrs[key] = chance.choice(_VALUES)
    elif way == 2 and isinstance(item, h5py.Dataset) and item.dtype.kind in "iuf" and item.size:
        number = chance.choice([0, 1, -1, 1e300, float("nan"), float("inf"), 127])
        info = np.iinfo(item.dtype) if item.dtype.kind in "iu" else None
        limited = int(max(info.min, min(info.max, np.nan_to_num(number)))) if info else number
        item[...] = limited
    elif way == 3:
        del file[name]
        shape, kind, chunks = chance.choice(_SHAPES), chance.choice(_TYPES), chance.choice((True, None))
        # In one piece, HDF5 would write each of 2^40 references or texts.
        in_pieces = shape != () and np.dtype(kind).kind == "O"
        file.create_dataset(name, shape, kind, chunks=True if in_pieces else chunks)
    elif way == 4:
        del file[name]
        file[name] = h5py.SoftLink(chance.choice(["/", "/nowhere", f"/{name}"]))
    elif way == 5 and isinstance(item, h5py.Dataset):
        values = item[...]
        del file[name]
        file[name] = values[np.newaxis] if chance.random() < 0.5 else values.T
    else:
        del file[name]
        file[name] = chance.choice([7, "text", [1.0, 2.0], np.ones((2, 2, 2))])
