"""`sonolucent convert IN OUT`: channel data from one recording format to another, or images for other programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.image_format import EXPORTS
from sonolucent.stream.output_file import require_free
from sonolucent.stream.printable import say
from sonolucent.stream.recording.known_formats import recording_suffixes
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.recording.save import convert_recording


class ConvertOptions(msgspec.Struct, frozen=True):
    """Converts the channel data of a recording, or writes the images it holds for other programs.

    A recording without images is imaged on the way; `sonolucent image` has the options.

    Args:
        file: a recording of any format that can be read (docs/how-to/convert.md); FILE::NAME for another than the
            first of several recordings in it.
        out: the new file; its suffix decides: .h5 (Sonolucent), .hdf5 (zea 0.1), .uff (USTB) hold channel data; .png,
            .tif, .gif, .mp4, .dcm (DICOM), .npy, .npz, .mat hold images.
        overwrite: replace the new file where it is there.
        sound_speed_m_s: speed of sound in the medium, in place of the file's.
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    overwrite: bool = False
    sound_speed_m_s: float | None = None


def main(arguments: Sequence[str]) -> int:
    options = parse(ConvertOptions, arguments, "convert")
    recordings, images = recording_suffixes(), [f".{name}" for name in EXPORTS.names()]
    if options.out.suffix not in (*recordings, *images):
        known = ", ".join(dict.fromkeys((*recordings, *images)))
        raise OutputError(f"{options.out}: a suffix of {known} says what to write")
    if options.out.suffix not in recordings:
        return _export(options)
    require_free(options.out, overwrite=options.overwrite)
    recording = open_recording(options.file, sound_speed_m_s=options.sound_speed_m_s)
    convert_recording(recording, options.out, overwrite=options.overwrite)
    say(f"{len(recording)} frame(s) of {recording.format} in {options.out}", file=sys.stderr)
    return 0


def _export(options: ConvertOptions) -> int:
    from sonolucent.stream.offline.imaging import image_recording

    imaging = ImagingSettings(sound_speed_m_s=options.sound_speed_m_s)
    n_images, (n_z, n_x) = image_recording(
        options.file, options.out, imaging=imaging, as_recorded=True, overwrite=options.overwrite
    )
    say(f"{n_images} image(s) of {n_z} x {n_x} in {options.out}", file=sys.stderr)
    return 0
