"""Writes whole recordings, of arrays or of other recordings; the file's suffix says in which format."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.channel_data import require_channels
from sonolucent.beamform.geometry import Acquisition, ImageGrid
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.messages import Channels, ChannelType, Stream, Trail
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.formats.foreign import ForeignRecording
from sonolucent.stream.recording.writer import RecordingWriter

Write = Callable[[Path, AnyRecording], None]


def write_recording(
    path: str | os.PathLike[str],
    frames: Sequence[NDArray[Any]] | NDArray[Any],
    acquisition: Acquisition,
    *,
    frame_rate_hz: float | None = None,
) -> None:
    """Writes channel data to a new file, the twin of `open_recording`.

    Args:
        path: .h5 (this project's layout), .hdf5 (zea 0.1) or .uff (USTB).
        frames: (n_frames, n_tx, n_rx, n_samples), all int16 or all float32, C-contiguous frames.
        acquisition: how they were taken.
        frame_rate_hz: of the frames, where it is known.

    Raises:
        RecordingError: the file exists or cannot be written, the suffix is another, there is no frame, or a frame is
            not what the acquisition says. Nothing is written then.
    """
    file = Path(path)
    write = writer_of(file)
    _require_frames(file, frames, acquisition)
    write(file, ForeignRecording("array", file, acquisition, frame_rate_hz, len(frames), frames.__getitem__))


def convert_recording(recording: AnyRecording, path: str | os.PathLike[str]) -> None:
    """Writes the channel data of a recording to a new file, in the format of its suffix.

    Raises:
        RecordingError: as `write_recording`, or the recording holds no channel data or is damaged.
    """
    write = writer_of(Path(path))
    if len(recording) == 0:
        raise RecordingError(f"{recording.path}: holds no channel data to write")
    write(Path(path), recording)


def writer_of(path: Path) -> Write:
    """What writes files of that suffix.

    Raises:
        RecordingError: nothing does.
    """
    from sonolucent.stream.recording.formats.uff import write_uff
    from sonolucent.stream.recording.formats.zea import write_zea

    writers: dict[str, Write] = {".h5": write_sonolucent, ".hdf5": write_zea, ".uff": write_uff}
    if path.suffix not in writers:
        raise RecordingError(
            f"{path}: a suffix of {', '.join(writers)} says what to write; `sonolucent image` makes PNG and MP4"
        )
    return writers[path.suffix]


def write_sonolucent(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording in this project's layout, with its frame ids where it has them."""
    acquisition = recording.acquisition
    grid = ImageGrid.for_acquisition(acquisition)
    dtype: ChannelType = "<f4" if recording[0].dtype == np.float32 else "<i2"
    stream = Stream(acquisition, grid, recording.frame_rate_hz, dtype)
    writer = RecordingWriter(path, stream, channels=True, images=False)
    ids = getattr(recording, "frame_ids", range(len(recording)))
    for frame_id, frame in zip(ids, recording, strict=True):
        writer.write(Channels(int(frame_id), frame, 0, Trail()))
    writer.close()


def _require_frames(path: Path, frames: Sequence[NDArray[Any]] | NDArray[Any], acquisition: Acquisition) -> None:
    if len(frames) == 0:
        raise RecordingError(f"{path}: there is no frame to write")
    for i, frame in enumerate(frames):
        try:
            require_channels(frame, acquisition.shape)
        except (TypeError, ValueError) as error:
            raise RecordingError(f"{path}: frame {i}: {error}") from error
        if frame.dtype != frames[0].dtype:
            raise RecordingError(f"{path}: frame {i} is {frame.dtype} and frame 0 is {frames[0].dtype}; convert one")
