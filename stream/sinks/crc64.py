"""The checksum of OpenIGTLink: CRC-64 of ECMA-182, which begins with 0."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.compute.compiled import kernel

_POLYNOMIAL = 0x42F0E1EBA9EA3693
_TOP = 1 << 63


def crc64(data: bytes) -> int:
    """Of bytes in the order in which they are sent."""
    return int(_crc64(np.frombuffer(data, np.uint8), _TABLES))


def _tables() -> NDArray[np.uint64]:
    """What a byte leaves in the sum when 0 to 7 more bytes follow it, (8, 256)."""
    tables = np.zeros((8, 256), np.uint64)
    for byte in range(256):
        value = byte << 56
        for bit in range(64):
            value = ((value << 1) ^ (_POLYNOMIAL if value & _TOP else 0)) & (2 * _TOP - 1)
            if bit % 8 == 7:
                tables[bit // 8, byte] = value
    return tables


_TABLES = _tables()


@kernel()
def _crc64(data: Any, tables: Any) -> Any:
    """Eight bytes at a time ("slicing by 8", Kounavis and Berry, ISCC 2005)."""
    value = np.uint64(0)
    whole = len(data) // 8 * 8
    for start in range(0, whole, 8):
        for i in range(8):
            value ^= np.uint64(data[start + i]) << np.uint64(56 - 8 * i)
        following = np.uint64(0)
        for i in range(8):
            following ^= tables[7 - i, np.int64(value >> np.uint64(56 - 8 * i)) & 255]
        value = following
    for i in range(whole, len(data)):
        value = (value << np.uint64(8)) ^ tables[0, np.int64(value >> np.uint64(56)) ^ np.int64(data[i])]
    return value
