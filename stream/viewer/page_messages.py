"""What the page receives: the stream as JSON text, each frame as one binary message of a JSON header and grey pixels.

A binary message is: length of the header (uint32, little-endian), the header (JSON, UTF-8, padded with spaces to a
multiple of 4), then one byte a pixel, layer after layer, row after row; 0 is -dynamic_range_db, 255 is 0 dB.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

from sonolucent.beamform.bmode import to_grey
from sonolucent.stream.accounting.budgets import Profile
from sonolucent.stream.accounting.timing import Timing
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Image, Stream

RECENT = 50
"""Frames that the figures beside the images are taken over."""


def encode_stream(stream: Stream, config: Config, budgets: Profile) -> str:
    """The description of the stream: geometry, axes, budgets."""
    grid, acquisition = stream.grid, stream.acquisition
    described: dict[str, Any] = {
        "kind": "stream",
        "source": config.source,
        "n_z": grid.n_z,
        "n_x": grid.n_x,
        "x_mm": [grid.x0_m * 1e3, grid.dx_m * 1e3],
        "z_mm": [grid.z0_m * 1e3, grid.dz_m * 1e3],
        "n_tx": acquisition.n_tx,
        "n_rx": acquisition.n_rx,
        "center_frequency_mhz": acquisition.probe.center_frequency_hz / 1e6,
        "sound_speed_m_s": acquisition.sound_speed_m_s,
        "dynamic_range_db": config.dynamic_range_db,
        "frame_budget_ms": 1e3 / budgets.frame_rate_hz,
        "end_to_end_budget_ms": budgets.end_to_end.p99_ms,
    }
    return msgspec.json.encode(described).decode()


def encode_frame(image: Image, timing: Timing, budgets: Profile) -> bytes:
    """One frame with the figures shown beside it."""
    end_to_end = timing.end_to_end(budgets, RECENT)
    header: dict[str, Any] = {
        "frame_id": image.frame_id,
        "layers": len(image.layers),
        "model": image.model,
        "device": image.device,
        "skipped": image.skipped,
        "fps": timing.frame_rate_hz(RECENT),
        "end_to_end": end_to_end,
        "stages": timing.stages(budgets, RECENT),
        "dropped": {name: counts.dropped for name, counts in image.trail.edges.items() if counts.dropped},
        "acquired": max((counts.acquired for counts in image.trail.edges.values()), default=0),
    }
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 4)
    return struct.pack("<I", len(text)) + text + to_grey(image.layers, image.dynamic_range_db).tobytes()
