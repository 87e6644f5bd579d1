"""`sonolucent simulate OUT`: a recording of simulated channel data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Stream, Trail


class SimulateOptions(msgspec.Struct, frozen=True):
    """Writes a recording of simulated channel data, of the reference probe unless another is described.

    Args:
        out: the new HDF5 file.
        phantom: wires, cysts, uniform, moving (tissue that pulsates from frame to frame), or random_tissue (other
            tissue in every frame, as under a probe that is swept).
        frames: how many.
        seed: of the phantom and the noise.
        fps: the frame rate that the recording claims.
        elements: of the linear array; each transmits once a frame.
        pitch_mm: distance between the centres of neighbouring elements.
        element_width_mm: width of one element.
        center_frequency_mhz: of the pulse.
        sound_speed_m_s: of the medium.
        attenuation_db_cm_mhz: of the medium; soft tissue has about 0.5.
        snr_db: of the echoes over the electronic noise, in the channel data.
    """

    out: tyro.conf.Positional[Path]
    phantom: str = "cysts"
    frames: int = 1
    seed: int = 1
    fps: float = 25.0
    elements: int = 64
    pitch_mm: float = 0.625
    element_width_mm: float = 0.575
    center_frequency_mhz: float = 7.5
    sound_speed_m_s: float = 1540.0
    attenuation_db_cm_mhz: float = 0.0
    snr_db: float = 40.0


def main(arguments: Sequence[str]) -> int:
    from sonolucent.sim import phantoms
    from sonolucent.stream.recording.writer import RecordingWriter
    from sonolucent.stream.sources.simulated import simulate_frames

    options = parse(SimulateOptions, arguments, "simulate")
    if options.phantom not in phantoms.NAMES:
        raise ConfigError(f"no phantom {options.phantom!r}; there are {', '.join(phantoms.NAMES)}")
    if options.frames < 1 or not options.fps > 0:
        raise ConfigError("frames and fps must be positive")
    acquisition = _acquisition(options)
    stream = Stream(acquisition, ImageGrid.for_acquisition(acquisition), options.fps)
    writer = RecordingWriter(options.out, stream, channels=True, images=False)
    frames = simulate_frames(
        options.phantom,
        options.seed,
        options.frames,
        acquisition,
        snr_db=options.snr_db,
        attenuation_db_cm_mhz=options.attenuation_db_cm_mhz,
    )
    for i, data in enumerate(frames):
        writer.write(Channels(i, data, 0, Trail.begin()))
        print(f"frame {i + 1} of {options.frames}", file=sys.stderr)
    writer.close()
    return 0


def _acquisition(options: SimulateOptions) -> Acquisition:
    """
    Raises:
        ConfigError: there is no such probe or medium.
    """
    if not options.attenuation_db_cm_mhz >= 0:
        raise ConfigError(f"attenuation_db_cm_mhz must be 0 or positive, not {options.attenuation_db_cm_mhz}")
    try:
        probe = Probe.linear(
            n_elements=options.elements,
            pitch_m=1e-3 * options.pitch_mm,
            element_width_m=1e-3 * options.element_width_mm,
            center_frequency_hz=1e6 * options.center_frequency_mhz,
        )
        return Acquisition(probe, range(options.elements), sound_speed_m_s=options.sound_speed_m_s)
    except ValueError as error:
        raise ConfigError(str(error)) from error
