"""What the page receives, version 2 (docs/reference/viewer.md): JSON texts, and each frame as one binary message.

A binary message is: length of the header (uint32, little-endian), the header (JSON, UTF-8, padded with spaces to a
multiple of 4), then the pixels, layer after layer, row after row, as uint16 (little-endian) or uint8: 0 is
-range_db, the largest value is 0 dB.
"""

from __future__ import annotations

import struct
from importlib.metadata import version
from typing import Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.bmode import to_grey
from sonolucent.stream.accounting.budgets import Profile
from sonolucent.stream.config import Config
from sonolucent.stream.messages import Image, Stream
from sonolucent.stream.recording.facts import describe_sequence

PROTOCOL = 2
Bits = Literal[8, 16]


def encode_hello(config: Config, *, may_control: bool) -> str:
    """The first message, also before there is a stream."""
    mode = "live" if not config.is_replay else "file" if config.hold else "replay"
    return _text(
        kind="hello",
        protocol=PROTOCOL,
        may_control=may_control,
        source=config.source,
        mode=mode,
        version=version("sonolucent"),
    )


def encode_waiting(config: Config) -> str:
    """No stream has been described yet."""
    what = "scanner" if config.source.startswith("tcp:") else "frames"
    return _text(kind="waiting", source=config.source, why=f"no {what} yet at {config.source}")


def encode_stream(stream: Stream, config: Config, budgets: Profile, warnings: tuple[str, ...], n_frames: int) -> str:
    """The description of the stream: geometry, axes, settings, budgets.

    Args:
        warnings: what is odd about it, a sentence each.
        n_frames: of a replay; 0 of anything else.
    """
    grid, acquisition = stream.grid, stream.acquisition
    probe = acquisition.probe
    return _text(
        kind="stream",
        source=config.source,
        n_z=grid.n_z,
        n_x=grid.n_x,
        x_mm=[grid.x0_m * 1e3, grid.dx_m * 1e3],
        z_mm=[grid.z0_m * 1e3, grid.dz_m * 1e3],
        n_tx=acquisition.n_tx,
        n_rx=acquisition.n_rx,
        center_frequency_mhz=probe.center_frequency_hz / 1e6,
        sound_speed_m_s=acquisition.sound_speed_m_s,
        wavelength_mm=acquisition.sound_speed_m_s / probe.center_frequency_hz * 1e3,
        frame_rate_hz=stream.frame_rate_hz,
        sequence=describe_sequence(acquisition),
        dynamic_range_db=stream.imaging.dynamic_range_db,
        imaging=stream.imaging,
        revision=stream.revision,
        warnings=list(warnings),
        replay={"n_frames": n_frames} if n_frames else None,
        frame_budget_ms=1e3 / budgets.frame_rate_hz,
        end_to_end_budget_ms=budgets.end_to_end.p99_ms,
    )


def frame_header(image: Image, bits: Bits, *, after_restart: bool) -> dict[str, Any]:
    """What a frame says of itself."""
    trail = image.trail
    return {
        "frame_id": image.frame_id,
        "layers": len(image.layers),
        "bits": bits,
        "range_db": image.dynamic_range_db,
        "revision": image.revision,
        "model": image.model,
        "device": image.device,
        "backend": image.backend,
        "reason": image.reason,
        "skipped": image.skipped,
        "strength": image.strength,
        "acquired_utc_ns": str(trail.acquired_utc_ns),
        "time_s": trail.acquired_ns / 1e9,
        "n_shots": image.n_shots,
        "after_restart": after_restart,
        "dropped": {name: counts.dropped for name, counts in trail.edges.items() if counts.dropped},
        "acquired": max((counts.acquired for counts in trail.edges.values()), default=0),
    }


def pack_frame(header: dict[str, Any], image: Image, bits: Bits) -> bytes:
    """The binary message of a frame."""
    text = msgspec.json.encode(header)
    text += b" " * (-len(text) % 4)
    pixels = to_grey(image.layers, image.dynamic_range_db) if bits == 8 else to_uint16(image)
    return b"".join((struct.pack("<I", len(text)), text, np.ascontiguousarray(pixels).data))


def to_uint16(image: Image) -> NDArray[np.uint16]:
    """The layers, (layers, n_z, n_x): 0 at -dynamic_range_db, 65535 at 0 dB; the nearest value."""
    scaled = image.layers * np.float32(65535 / image.dynamic_range_db)
    scaled += np.float32(65535.5)
    return np.clip(scaled, 0, 65535, out=scaled).astype("<u2")


def _text(**message: Any) -> str:
    return msgspec.json.encode(message).decode()
