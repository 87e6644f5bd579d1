"""Reads MATLAB 5 `.mat` files: numbers, text, structs and cells (MathWorks, "MAT-File Format", level 5).

Every length is checked before it is believed. SciPy's reader is not used because a damaged file can crash it.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording.formats.mat5_unpacking import first_unpacked, unpacked
from sonolucent.stream.recording.read_budget import charge

MAX_VARIABLE_BYTES = 1 << 30
# Of what holds a value; of a complex number, made of two; of a character, in the widest codes, some copies.
_VALUE_BYTES, _COMPLEX_BYTES, _CHARACTER_BYTES = 512, 32, 16
_MAX_DEPTH = 16
_HEADER_BYTES = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMBERS = range(6, 16)
_COMPLEX = 0x0800
_STORED = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_TEXT = {16: "utf-8", 17: "utf-16", 18: "utf-32"}

Element = tuple[int, memoryview]


def variables(data: memoryview) -> Iterator[tuple[str, Any]]:
    """The names and values of the variables in a file's bytes, one after the other: arrays (squeezed, in the type they
    are stored in), str, structs as namespaces (lists of them where there is more than one), cells as lists, and None
    for anything else.

    Raises:
        ValueError: the file is cut off or damaged, holds more than 1 GiB in one variable, or more in all than a file of
            its size may.
    """
    reader = _Reader(_byte_order(data))
    return map(reader.variable, reader.elements(data[_HEADER_BYTES:]))


def names(data: memoryview) -> list[str]:
    """The names of the variables in a file's bytes; those before the cut where it is cut off.

    Raises:
        ValueError: no header, or the first variable is damaged.
    """
    reader, found = _Reader(_byte_order(data)), []
    try:
        for element in reader.elements(data[_HEADER_BYTES:]):
            found.append(reader.name(element))
    except ValueError:
        if not found:
            raise
    return found


def _byte_order(data: memoryview) -> str:
    order = {b"IM": "<", b"MI": ">"}.get(bytes(data[126:_HEADER_BYTES]))
    if order is None:
        raise ValueError("no MATLAB 5 header")
    return order


class _Reader:
    """Reads elements of one byte order."""

    def __init__(self, order: str) -> None:
        self._order = order

    def elements(self, data: memoryview) -> Iterator[Element]:
        """The data elements that follow one another in `data`, each with its type."""
        position = 0
        while position < len(data):
            word, n_bytes = struct.unpack_from(self._order + "II", bytes(data[position : position + 8]).ljust(8, b"\0"))
            kind, begin, end = word, position + 8, position + 8 + n_bytes
            if word >> 16:  # up to four bytes sit in the tag itself
                kind, begin, end = word & 0xFFFF, position + 4, position + 4 + (word >> 16)
            if end > len(data) or (word >> 16) > 4:
                raise ValueError(f"cut off or damaged: an element of {end - begin} bytes")
            yield kind, data[begin:end]
            position = end if kind == _COMPRESSED else -(-end // 8) * 8

    def variable(self, element: Element) -> tuple[str, Any]:
        kind, data = element
        if kind == _COMPRESSED:
            content = unpacked(data, MAX_VARIABLE_BYTES)
            kind, data = self._next(self.elements(content))
        if kind != _MATRIX:
            raise ValueError(f"an element of type {kind} where a variable was expected")
        return self._matrix(data, 0)

    def name(self, element: Element) -> str:
        """A variable's name, out of the first bytes of it."""
        kind, data = element
        if kind == _COMPRESSED:
            data = first_unpacked(data)[8:]
        elif kind != _MATRIX:
            return ""
        parts = self.elements(data)
        self._first_number(parts)
        self._next(parts)
        return bytes(self._next(parts)[1]).decode("latin-1")

    def _matrix(self, data: memoryview, depth: int) -> tuple[str, Any]:
        """An array with its name."""
        charge(_VALUE_BYTES, "a value")
        if len(data) == 0:
            return "", np.empty(0)
        if depth > _MAX_DEPTH:
            raise ValueError(f"structs nested more than {_MAX_DEPTH} deep")
        parts = self.elements(data)
        flags = self._first_number(parts)
        shape = tuple(int(n) for n in self._numbers(self._next(parts)))
        name = bytes(self._next(parts)[1]).decode("latin-1")
        return name, self._content(flags, shape, parts, depth)

    def _content(self, flags: int, shape: tuple[int, ...], parts: Iterator[Element], depth: int) -> Any:
        kind = flags & 0xFF
        if kind in _NUMBERS:
            values = self._numbers(self._next(parts))
            if flags & _COMPLEX:
                charge(_COMPLEX_BYTES * len(values), "complex numbers")
                values = values + 1j * self._numbers(self._next(parts))
            return values.reshape(shape, order="F").squeeze()
        if kind == _CHAR:
            return self._text(self._next(parts))
        if kind == _STRUCT:
            return self._structs(math.prod(shape), parts, depth)
        if kind == _CELL:
            return [self._value(part, depth) for part in parts]
        return None

    def _structs(self, n: int, parts: Iterator[Element], depth: int) -> Any:
        width = self._first_number(parts)
        if width < 1:
            raise ValueError("field names without length")
        names = bytes(self._next(parts)[1])
        charge(_VALUE_BYTES * (len(names) // width), "names of fields")
        fields = [names[i : i + width].partition(b"\0")[0].decode("latin-1") for i in range(0, len(names), width)]
        values = [self._value(part, depth) for part in parts]
        if len(values) != n * len(fields):
            raise ValueError(f"a struct of {len(values)} values instead of {n} times {len(fields)}")
        rows = [values[i : i + len(fields)] for i in range(0, len(values), max(1, len(fields)))]
        structs = [SimpleNamespace(**dict(zip(fields, row, strict=True))) for row in rows]
        return structs[0] if n == 1 and structs else structs

    def _value(self, element: Element, depth: int) -> Any:
        if element[0] != _MATRIX:
            raise ValueError(f"an element of type {element[0]} where an array was expected")
        return self._matrix(element[1], depth + 1)[1]

    def _numbers(self, element: Element) -> NDArray[Any]:
        kind, data = element
        if kind not in _STORED:
            raise ValueError(f"numbers of the unknown type {kind}")
        return np.frombuffer(data, np.dtype(self._order + _STORED[kind]))

    def _first_number(self, parts: Iterator[Element]) -> int:
        numbers = self._numbers(self._next(parts))
        if len(numbers) == 0:
            raise ValueError("an array without flags")
        return int(numbers[0])

    def _text(self, element: Element) -> str:
        kind, data = element
        charge(_CHARACTER_BYTES * len(data), "a text")
        if kind in _TEXT:
            return bytes(data).decode(_TEXT[kind], "replace")
        codes = self._numbers(element)
        possible = codes[(codes >= 0) & (codes < 0x110000)]
        return possible.astype("<u4").tobytes().decode("utf-32-le", "replace")

    @staticmethod
    def _next(parts: Iterator[Element]) -> Element:
        part = next(parts, None)
        if part is None:
            raise ValueError("cut off: an array ends before its data")
        return part
