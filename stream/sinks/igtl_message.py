"""OpenIGTLink's IMAGE message, version 1 of its header (openigtlink.org/developers/spec), for 3D Slicer and its kin.

A linear array lies in Slicer's world with its centre at the origin. Lateral positions grow towards the patient's left
and depth towards the back, so that Slicer's axial view shows the image upright, as the scanner does.
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.bmode import to_grey
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.sinks.crc64 import crc64

PLAIN, ENHANCED = "Sonolucent_Plain", "Sonolucent_Enhanced"
"""Names of devices: 20 characters at most."""

_HEADER = struct.Struct(">H12s20sIIQQ")
_IMAGE = struct.Struct(">HBBBB3H12f6H")
_SCALAR, _UINT8, _LITTLE_ENDIAN, _RAS = 1, 3, 2, 1
_THICKNESS_MM = 1.0
_LAST_NS = (1 << 32) * 1_000_000_000 - 1
"""Of the header's clock, in February 2106."""


def image_message(
    device: str, image_db: NDArray[np.float32], dynamic_range_db: float, grid: ImageGrid, acquired_utc_ns: int
) -> bytes:
    """One image as grey levels, with its place in millimetres.

    Args:
        device: by which name the receiver knows it, ASCII, 20 characters at most.
        image_db: (n_z, n_x) in dB.
        dynamic_range_db: how far below 0 dB is black.
        grid: of its pixels.
        acquired_utc_ns: when, in nanoseconds since 1970 UTC; a time that the header has no room for becomes the
            nearest one that it has.
    """
    grey = to_grey(image_db, dynamic_range_db)
    content = _placed(grid) + grey.tobytes()
    seconds, nanoseconds = divmod(min(max(acquired_utc_ns, 0), _LAST_NS), 1_000_000_000)
    fraction = (nanoseconds << 32) // 1_000_000_000
    return _HEADER.pack(1, b"IMAGE", device.encode(), seconds, fraction, len(content), crc64(content)) + content


def _placed(grid: ImageGrid) -> bytes:
    """The head of the image: columns along -R (to the left), rows along -A (to the back), its centre in the middle."""
    size = (grid.n_x, grid.n_z, 1)
    dx_mm, dz_mm = 1e3 * grid.dx_m, 1e3 * grid.dz_m
    columns, rows, slices = (-dx_mm, 0.0, 0.0), (0.0, -dz_mm, 0.0), (0.0, 0.0, _THICKNESS_MM)
    x_mm = 1e3 * grid.x0_m + dx_mm * (grid.n_x - 1) / 2
    z_mm = 1e3 * grid.z0_m + dz_mm * (grid.n_z - 1) / 2
    centre = (-x_mm, -z_mm, 0.0)
    kind = (1, _SCALAR, _UINT8, _LITTLE_ENDIAN, _RAS)
    return _IMAGE.pack(*kind, *size, *columns, *rows, *slices, *centre, 0, 0, 0, *size)
