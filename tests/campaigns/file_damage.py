"""Damages files where their structure is, in what a reader believes; checksums are made good again."""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

_SIGNATURES = re.compile(rb"\x89HDF|OHDR|OCHK|TREE|SNOD|HEAP|GCOL|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FAHD|FADB|EAHD|EADB")
_NUMBERS = [0, 1, 2, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**64 - 1]
_SHAPES = [(), (0,), (1,), (1 << 40,), (3, 0, 4), (1 << 20, 1 << 20), (2, 2, 2, 2, 2, 2)]
_TYPES = ["i1", "<i2", ">i4", "<u8", "<f2", "<f8", "S8", "<c16", h5py.string_dtype(), h5py.ref_dtype]
_VALUES = [0, -1, float("nan"), 2**63, "x" * 100, np.zeros((0, 3)), np.zeros(5000), b"\xff"]
_MASK = 0xFFFFFFFF
Chance = random.Random


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


def cut(whole: bytes, chance: Chance) -> bytes:
    """The first part alone."""
    return whole[: chance.randrange(len(whole))]


def flipped(whole: bytes, chance: Chance) -> bytes:
    """A few other bytes."""
    content = bytearray(whole)
    for _ in range(chance.randrange(1, 8)):
        content[chance.randrange(len(content))] = chance.randrange(256)
    return bytes(content)


def blown_up(whole: bytes, chance: Chance) -> bytes:
    """A number that is another one."""
    return _with_number(whole, chance.randrange(len(whole)), chance)


def spliced(whole: bytes, chance: Chance) -> bytes:
    """A piece in another's place."""
    content, n = bytearray(whole), chance.choice((4, 16, 64, 512))
    to, begin = chance.randrange(len(content)), chance.randrange(len(content))
    content[to : to + n] = content[begin : begin + n]
    return bytes(content)


def at_a_signature(whole: bytes, chance: Chance) -> bytes:
    """Bytes behind the beginning of a superblock, an object's header, a tree, a heap or a table of chunks."""
    begin = chance.choice([found.start() for found in _SIGNATURES.finditer(whole)])
    content = whole
    for _ in range(chance.randrange(1, 4)):
        position = min(begin + 4 + chance.randrange(chance.choice((20, 60, 300))), len(whole) - 1)
        change = chance.choice((flipped_at, _with_number))
        content = change(content, position, chance)
    return _with_checksum(content[: len(whole)], begin)


def flipped_at(whole: bytes, position: int, chance: Chance) -> bytes:
    """Another byte."""
    return whole[:position] + bytes([chance.randrange(256)]) + whole[position + 1 :]


def _with_number(whole: bytes, position: int, chance: Chance) -> bytes:
    n = chance.choice((1, 2, 4, 8))
    number = (chance.choice(_NUMBERS) & (2 ** (8 * n) - 1)).to_bytes(n, chance.choice(("little", "big")))
    return (whole[:position] + number + whole[position + n :])[: len(whole)]


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
        file.create_dataset(name, chance.choice(_SHAPES), chance.choice(_TYPES), chunks=chance.choice((True, None)))
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


def at_a_tag(whole: bytes, chance: Chance) -> bytes:
    """The type or size of an element of MATLAB 5, at any depth, also within what is compressed."""
    variables = list(_elements(whole, 128, len(whole)))
    begin, kind, n_bytes = chance.choice(variables)
    if kind != 15:
        inner = list(_nested(whole, begin, begin + 8 + n_bytes, 0))
        return _with_number(whole, chance.choice(inner) + chance.choice((0, 4, 8, 12)), chance)
    content = zlib.decompress(whole[begin + 8 : begin + 8 + n_bytes])
    inner = list(_nested(content, 0, len(content), 0))
    changed = _with_number(content, min(chance.choice(inner) + chance.choice((0, 4, 8, 12)), len(content) - 1), chance)
    packed = zlib.compress(changed)
    tag = struct.pack("<II", 15, len(packed))
    return whole[:begin] + tag + packed + whole[begin + 8 + n_bytes :]


def _elements(data: bytes, begin: int, end: int) -> list[tuple[int, int, int]]:
    found = []
    while begin + 8 <= end:
        kind, n_bytes = struct.unpack_from("<II", data, begin)
        if kind >> 16:
            found.append((begin, kind & 0xFFFF, 0))
            begin += 8
            continue
        found.append((begin, kind, n_bytes))
        begin += 8 + (n_bytes if kind == 15 else -(-n_bytes // 8) * 8)
    return found


def _nested(data: bytes, begin: int, end: int, depth: int) -> list[int]:
    positions = []
    for at, kind, n_bytes in _elements(data, begin, end):
        positions.append(at)
        if kind == 14 and depth < 8:
            positions += _nested(data, at + 8, at + 8 + n_bytes, depth + 1)
    return positions


def at_a_member(whole: bytes, chance: Chance) -> bytes:
    """The header of an array within a zip, or a size that the zip tells."""
    if chance.random() < 0.5:
        places = [found.start() for found in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", whole)]
        return _with_number(whole, min(chance.choice(places) + 4 + chance.randrange(26), len(whole) - 1), chance)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in archive.namelist():
            content = archive.read(name)
            header, rest = content[:128], content[128:]
            made.writestr(name, chance.choice((flipped, blown_up, spliced))(header, chance) + rest)
    return out.getvalue()
