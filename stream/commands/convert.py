"""`sonolucent convert IN OUT`: channel data from one recording format to another."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.recording.save import convert_recording, writer_of


class ConvertOptions(msgspec.Struct, frozen=True):
    """Converts the channel data of a recording; `sonolucent image` makes PNG and MP4.

    Args:
        file: a recording of any format that can be read (docs/how-to/convert.md).
        out: the new file; its suffix decides: .h5 (Sonolucent), .hdf5 (zea 0.1), .uff (USTB).
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]


def main(arguments: Sequence[str]) -> int:
    options = parse(ConvertOptions, arguments, "convert")
    writer_of(options.out)  # before the recording is read
    recording = open_recording(options.file)
    convert_recording(recording, options.out)
    print(f"{len(recording)} frame(s) of {recording.format} in {options.out}", file=sys.stderr)
    return 0
