"""`sonolucent convert IN OUT`: channel data from one recording format to another."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import tyro

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Channels, ChannelType, Stream, Trail
from sonolucent.stream.recording.open import AnyRecording, open_recording


class ConvertOptions(msgspec.Struct, frozen=True):
    """Converts the channel data of a recording; `sonolucent image` makes PNG and MP4.

    Args:
        file: a recording of any format that can be read (docs/recording.md).
        out: the new file; its suffix decides: .h5 (Sonolucent), .hdf5 (zea 0.1), .uff (USTB).
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]


def main(arguments: Sequence[str]) -> int:
    options = parse(ConvertOptions, arguments, "convert")
    write = _writer(options.out)
    recording = open_recording(options.file)
    if len(recording) == 0:
        raise ConfigError(f"{options.file}: holds no channel data to convert")
    write(options.out, recording)
    print(f"{len(recording)} frame(s) of {recording.format} in {options.out}", file=sys.stderr)
    return 0


def write_sonolucent(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording in this project's layout, with its frame ids where it has them."""
    from sonolucent.stream.recording.writer import RecordingWriter

    acquisition = recording.acquisition
    grid = ImageGrid.for_acquisition(acquisition)
    dtype: ChannelType = "<f4" if recording[0].dtype == np.float32 else "<i2"
    stream = Stream(acquisition, grid, recording.frame_rate_hz, dtype)
    writer = RecordingWriter(path, stream, channels=True, images=False)
    ids = getattr(recording, "frame_ids", range(len(recording)))
    for frame_id, frame in zip(ids, recording, strict=True):
        writer.write(Channels(int(frame_id), frame, 0, Trail()))
    writer.close()


def _writer(out: Path) -> Callable[[Path, AnyRecording], None]:
    from sonolucent.stream.recording.formats.uff import write_uff
    from sonolucent.stream.recording.formats.zea import write_zea

    writers = {".h5": write_sonolucent, ".hdf5": write_zea, ".uff": write_uff}
    if out.suffix not in writers:
        raise ConfigError(
            f"{out}: a suffix of {', '.join(writers)} says what to write; `sonolucent image` makes PNG and MP4"
        )
    return writers[out.suffix]
