"""Messages as the page's server sends them: descriptions of streams, and frames of known pixels."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray


def stream(n_z: int, n_x: int, **more: Any) -> dict[str, Any]:
    """A description of a stream of images (n_z, n_x)."""
    described = {
        "kind": "stream",
        "source": "tcp://127.0.0.1:5555",
        "n_z": n_z,
        "n_x": n_x,
        "x_mm": [-(n_x - 1) / 2 * 0.15625, 0.15625],
        "z_mm": [1.0, 0.0625],
        "n_tx": 64,
        "n_rx": 64,
        "center_frequency_mhz": 7.5,
        "sound_speed_m_s": 1540.0,
        "wavelength_mm": 0.2053,
        "frame_rate_hz": 25.0,
        "sequence": "single elements",
        "dynamic_range_db": 60.0,
        "frame_budget_ms": 40.0,
        "end_to_end_budget_ms": 60.0,
        "imaging": {
            "method": "fourier",
            "depth_mm": None,
            "f_number": None,
            "transmits": None,
            "sound_speed_m_s": None,
        },
        "model": "auto",
        "revision": 0,
        "warnings": [],
        "replay": None,
    }
    return {**described, **more}


def latency(p50: float, p99: float, budget: float | None = None) -> dict[str, Any]:
    over = None if budget is None else bool(p99 > budget)
    return {"p50_ms": p50, "p95_ms": p99, "p99_ms": p99, "max_ms": p99, "budget_ms": budget, "over_budget": over}


def frame(
    layers_db: NDArray[np.floating], frame_id: int, *, bits: int = 16, range_db: float = 60.0, **more: Any
) -> bytes:
    """A frame of images (n_layers, n_z, n_x) in dB."""
    header = {
        "frame_id": frame_id,
        "layers": len(layers_db),
        "model": "light-quadrant@3a4bebc9" if len(layers_db) > 1 else None,
        "device": "cpu",
        "backend": "fused-avx512",
        "reason": None,
        "skipped": None if len(layers_db) > 1 else "no enhancement was asked for",
        "fps": 25.0,
        "end_to_end": latency(38.2, 44.1, 60),
        "stages": {"beamform": latency(17.8, 21.5, 18), "enhance": latency(11.2, 14.0, 20)},
        "dropped": {},
        "acquired": frame_id + 1,
        "bits": bits,
        "range_db": range_db,
        "revision": 0,
        "acquired_utc_ns": str(1_764_000_000_000_000_000 + frame_id * 40_000_000),
        "time_s": frame_id * 0.04,
        "n_shots": None,
        "after_restart": False,
        **more,
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 4)
    full = 65535 if bits == 16 else 255
    values = np.rint((layers_db / range_db + 1) * full).clip(0, full).astype("<u2" if bits == 16 else "u1")
    return struct.pack("<I", len(text)) + text + values.tobytes()
