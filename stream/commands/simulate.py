"""`sonolucent simulate OUT`: a recording of simulated channel data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import tyro

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import pass_band_hz
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, Stream, Trail
from sonolucent.stream.output_file import new_file
from sonolucent.stream.printable import say
from sonolucent.stream.sources.sequence_names import sequence_named


class SimulateOptions(msgspec.Struct, frozen=True):
    """Writes a recording of simulated channel data, of the reference probe unless another is described.

    Args:
        out: the new HDF5 file.
        overwrite: replace the file where it is there.
        phantom: wires, cysts, uniform, moving (tissue that pulsates from frame to frame), random_tissue or anatomy
            (other tissue in every frame, as under a probe that is swept), or picture:FILE, picture:FILE:WIDTH_MM,
            picture:FILE:WIDTH_MM:RANGE_DB: the grey levels of any B-mode picture, 40 mm wide and over 60 dB by default.
        frames: how many.
        seed: of the phantom and the noise.
        fps: the frame rate that the recording claims.
        elements: of the linear array.
        sequence: what each shot fires: single (one element after another), hadamard (all, with the signs of a Hadamard
            matrix), plane:N or plane:N:DEGREES (N plane waves within so many degrees, 15 by default), or diverging:N
            (N waves from virtual sources across the aperture, half its width behind it).
        baseband: demodulate by the centre frequency and keep every N-th of 2048 samples, complex; real samples (RF) by
            default.
        pitch_mm: distance between the centres of neighbouring elements.
        element_width_mm: width of one element.
        center_frequency_mhz: of the pulse.
        sound_speed_m_s: of the medium.
        attenuation_db_cm_mhz: of the medium; soft tissue has about 0.5.
        snr_db: of the echoes over the electronic noise, in the channel data.
    """

    out: tyro.conf.Positional[Path]
    overwrite: bool = False
    phantom: str = "cysts"
    frames: int = 1
    seed: int = 1
    fps: float = 25.0
    elements: int = 64
    sequence: str = "single"
    baseband: int | None = None
    pitch_mm: float = 0.625
    element_width_mm: float = 0.575
    center_frequency_mhz: float = 7.5
    sound_speed_m_s: float = 1540.0
    attenuation_db_cm_mhz: float = 0.0
    snr_db: float = 40.0


def main(arguments: Sequence[str]) -> int:
    from sonolucent.beamform import to_baseband
    from sonolucent.stream.recording.whole_hdf5 import whole_file
    from sonolucent.stream.recording.writer import RecordingWriter
    from sonolucent.stream.sources.simulated import require_phantom, simulate_frames

    options = parse(SimulateOptions, arguments, "simulate")
    require_phantom(options.phantom)
    if options.frames < 1 or not options.fps > 0:
        raise ConfigError("frames and fps must be positive")
    acquisition = _acquisition(options)
    stream = _stream(options, acquisition)
    frames = simulate_frames(
        options.phantom,
        options.seed,
        options.frames,
        acquisition,
        snr_db=options.snr_db,
        attenuation_db_cm_mhz=options.attenuation_db_cm_mhz,
    )
    begun = Trail.begin()
    with new_file(options.out, overwrite=options.overwrite) as draft, whole_file(draft) as file:
        writer = RecordingWriter(draft, stream, channels=True, images=False, file=file)
        for i, rf in enumerate(frames):
            data = rf if options.baseband is None else to_baseband(rf, acquisition, options.baseband)[0]
            writer.write(Channels(i, data, 0, begun.later(i / options.fps)))
            say(f"frame {i + 1} of {options.frames}", file=sys.stderr)
    return 0


def _stream(options: SimulateOptions, acquisition: Acquisition) -> Stream:
    """What the recording holds of an acquisition of RF data.

    Raises:
        ConfigError: they cannot be decimated so far.
    """
    from sonolucent.beamform.baseband import baseband_acquisition

    if options.baseband is None:
        return Stream(acquisition, ImageGrid.for_acquisition(acquisition), options.fps)
    try:
        demodulated = baseband_acquisition(acquisition, options.baseband)
    except ValueError as error:
        raise ConfigError(f"baseband: {error}") from error
    return Stream(demodulated, ImageGrid.for_acquisition(demodulated), options.fps, "<c8")


def _acquisition(options: SimulateOptions) -> Acquisition:
    """
    Raises:
        ConfigError: there is no such probe, medium or sequence.
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
        single = Acquisition(probe, range(options.elements), sound_speed_m_s=options.sound_speed_m_s)
        pass_band_hz(single)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return replace(single, sequence=sequence_named(options.sequence, probe, single.sound_speed_m_s))
