"""Damage to what is no HDF5: elements of MATLAB 5 at any depth, members of a zip."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib

from tests.campaigns.byte_damage import Chance, blown_up, flipped, spliced, with_number


def at_a_tag(whole: bytes, chance: Chance) -> bytes:
    """The type or size of an element of MATLAB 5, at any depth, also within what is compressed."""
    variables = list(_elements(whole, 128, len(whole)))
    begin, kind, n_bytes = chance.choice(variables)
    if kind != 15:
        inner = list(_nested(whole, begin, begin + 8 + n_bytes, 0))
        return with_number(whole, chance.choice(inner) + chance.choice((0, 4, 8, 12)), chance)
    content = zlib.decompress(whole[begin + 8 : begin + 8 + n_bytes])
    inner = list(_nested(content, 0, len(content), 0))
    changed = with_number(content, min(chance.choice(inner) + chance.choice((0, 4, 8, 12)), len(content) - 1), chance)
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
        return with_number(whole, min(chance.choice(places) + 4 + chance.randrange(26), len(whole) - 1), chance)
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in archive.namelist():
            content = archive.read(name)
            header, rest = content[:128], content[128:]
            made.writestr(name, chance.choice((flipped, blown_up, spliced))(header, chance) + rest)
    return out.getvalue()
