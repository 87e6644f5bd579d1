"""`sonolucent image FILE OUT`: beamforms a recording to PNG, MP4 or HDF5."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse


class ImageOptions(msgspec.Struct, frozen=True):
    """Beamforms frames of a recording.

    Args:
        file: the recording.
        out: the new file; its suffix decides: .png (one frame), .mp4, .h5 (the images in dB with their axes).
        method: fourier, or das (delay-and-sum, slow and plain).
        transmits: how many of the transmits to use, evenly spread; all by default.
        enhance: what enhances the images, as `model` of `run` (but adaptive), or frequency-compound, steering-compound;
            without a value auto. The HDF5 file then holds both.
        frame: the frame that becomes a PNG.
        dynamic_range_db: of the image.
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    method: Literal["fourier", "das"] = "fourier"
    transmits: int | None = None
    enhance: str = "none"
    frame: int = 0
    dynamic_range_db: float = 60.0


def main(arguments: Sequence[str]) -> int:
    options = parse(ImageOptions, _with_default_enhancement(arguments), "image")
    from sonolucent.stream.offline.imaging import image_recording

    n_images, (n_z, n_x) = image_recording(**msgspec.structs.asdict(options))
    print(f"{n_images} image(s) of {n_z} x {n_x} in {options.out}")
    return 0


def _with_default_enhancement(arguments: Sequence[str]) -> list[str]:
    """`--enhance` without a value, at the end or before another option, means auto."""
    filled = []
    for argument, following in itertools.pairwise([*arguments, "--"]):
        filled += [argument, "auto"] if argument == "--enhance" and following.startswith("--") else [argument]
    return filled
