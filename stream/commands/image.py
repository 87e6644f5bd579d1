"""`sonolucent image FILE OUT`: the images of a recording as pictures, films and files for other programs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.printable import say


class ImageOptions(msgspec.Struct, frozen=True):
    """Makes pictures, films and files for other programs of a recording's frames: of its channel data where it has
    some, else of the images it holds.

    Args:
        file: the recording; FILE::NAME for another than the first of several recordings in it.
        out: the new file; its suffix decides: .png (one frame), .tif, .gif, .mp4, .dcm (DICOM), .npy, .npz, .mat (dB),
            .h5 (a recording of the images).
        enhance: what enhances the images, as `model` of `run` (but adaptive), or frequency-compound, steering-compound;
            without a value auto. Files of numbers then hold both, plain and enhanced.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: of the images' speckle, as `grain` of `run`; of recordings of images too.
        frame: the one frame that is wanted, from 0.
        first: the first frame that is wanted.
        last: the last one; all to the end by default.
        side_by_side: draw the plain image on the left, the enhanced one on the right.
        axes: draw rulers in mm, and a bar in dB.
        overwrite: replace the new file where it is there.
        imaging: how channel data become images; `run` has the same options.
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    enhance: str | None = None
    strength: float = 1.0
    grain: str = "auto"
    frame: int | None = None
    first: int = 0
    last: int | None = None
    side_by_side: bool = False
    axes: bool = False
    overwrite: bool = False
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()


def main(arguments: Sequence[str]) -> int:
    options = parse(ImageOptions, _with_default_enhancement(arguments), "image")
    from sonolucent.stream.offline.imaging import image_recording

    n_images, (n_z, n_x) = image_recording(**msgspec.structs.asdict(options))
    say(f"{n_images} image(s) of {n_z} x {n_x} in {options.out}")
    return 0


def _with_default_enhancement(arguments: Sequence[str]) -> list[str]:
    """`--enhance` without a value, at the end or before another option, means auto."""
    filled = []
    for argument, following in itertools.pairwise([*arguments, "--"]):
        filled += [argument, "auto"] if argument == "--enhance" and following.startswith("--") else [argument]
    return filled
