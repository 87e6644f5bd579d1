"""`sonolucent simulate OUT`: a recording of simulated channel data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.frames import Channels, Stream, Trail


class SimulateOptions(msgspec.Struct, frozen=True):
    """Writes a recording of simulated channel data of the reference probe.

    Args:
        out: the new HDF5 file.
        phantom: wires, cysts, moving, or another of the simulator's phantoms.
        frames: how many.
        seed: of the phantom and the noise.
        fps: the frame rate that the recording claims.
    """

    out: tyro.conf.Positional[Path]
    phantom: str = "cysts"
    frames: int = 1
    seed: int = 1
    fps: float = 25.0


def main(arguments: Sequence[str]) -> int:
    from sonolucent.sim import phantoms
    from sonolucent.stream.recording import RecordingWriter
    from sonolucent.stream.sources.simulated import simulate_frames

    options = parse(SimulateOptions, arguments, "simulate")
    if options.phantom not in phantoms.NAMES:
        raise ConfigError(f"no phantom {options.phantom!r}; there are {', '.join(phantoms.NAMES)}")
    if options.frames < 1 or not options.fps > 0:
        raise ConfigError("frames and fps must be positive")
    stream = Stream(Acquisition(), ImageGrid.sau64(), options.fps)
    writer = RecordingWriter(options.out, stream, channels=True, images=False)
    for i, data in enumerate(simulate_frames(options.phantom, options.seed, options.frames)):
        writer.write(Channels(i, data, 0, Trail.begin()))
        print(f"frame {i + 1} of {options.frames}", file=sys.stderr)
    writer.close()
    return 0
