"""Writes whole recordings, of arrays or of other recordings; the file's suffix says in which format."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.channel_data import require_channels
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.messages import Channels, Stream, Trail, channel_type
from sonolucent.stream.output_file import new_file
from sonolucent.stream.plausible_values import require_ultrasound
from sonolucent.stream.recording import sanity
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.known_formats import writer_of
from sonolucent.stream.recording.whole_hdf5 import whole_file
from sonolucent.stream.recording.writer import RecordingWriter

_log = logging.getLogger(__name__)


def write_recording(
    path: str | os.PathLike[str],
    frames: Sequence[NDArray[Any]] | NDArray[Any],
    acquisition: Acquisition,
    *,
    frame_rate_hz: float | None = None,
    overwrite: bool = False,
) -> None:
    """Writes channel data to a new file, the twin of `open_recording`.

    Args:
        path: .h5 (this project's layout), .hdf5 (zea 0.1) or .uff (USTB).
        frames: (n_frames, n_tx, n_rx, n_samples), all int16 or all float32, or all complex64 at baseband; C-contiguous
            frames. The shots of a transmit sequence stand in place of single elements.
        acquisition: how they were taken; its `sequence` and `demodulation_frequency_hz` say which of these they are.
        frame_rate_hz: of the frames, where it is known.
        overwrite: whether it may replace a file that is there.

    Raises:
        RecordingError: the suffix is another, there is no frame, a frame is not what the acquisition says, or one of
            its numbers or the rate cannot be.
        OutputError: the file exists, or cannot be written there.
        OutputFailed: the disk refuses it. Nothing is left of the file, whatever the error.
    """
    file = Path(path)
    write = writer_of(file)
    _require_frames(file, frames, acquisition)
    _require_plausible(file, acquisition, frame_rate_hz)
    recording = ForeignRecording("array", file, acquisition, frame_rate_hz, len(frames), frames.__getitem__)
    _write_whole(write, file, recording, overwrite=overwrite)


def convert_recording(recording: AnyRecording, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Writes the channel data of a recording to a new file, in the format of its suffix.

    Raises:
        RecordingError, OutputError, OutputFailed: as `write_recording`; or the recording holds no channel data, or
            cannot be read.
    """
    write = writer_of(Path(path))
    if len(recording) == 0:
        raise RecordingError(f"{recording.path}: holds no channel data to write")
    _write_whole(write, Path(path), recording, overwrite=overwrite)


def _write_whole(
    write: Callable[[Path, AnyRecording], None], path: Path, recording: AnyRecording, *, overwrite: bool
) -> None:
    dead = recording.acquisition.dead_elements
    if dead and write is not write_sonolucent:
        _log.warning("%s: this format has no place for dead elements; %s will count as good ones", path, list(dead))
    with new_file(path, overwrite=overwrite) as draft:
        try:
            write(draft, recording)
        except RecordingError as error:
            raise RecordingError(str(error).replace(str(draft), str(path))) from error
        except ValueError as error:
            raise RecordingError(f"{path}: {error}") from error


def write_sonolucent(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording in this project's layout, with its frame ids where it has them."""
    acquisition = recording.acquisition
    grid = ImageGrid.for_acquisition(acquisition)
    stream = Stream(acquisition, grid, recording.frame_rate_hz, channel_type(recording[0]))
    ids = getattr(recording, "frame_ids", range(len(recording)))
    with whole_file(path) as file:
        writer = RecordingWriter(path, stream, channels=True, images=False, file=file)
        for frame_id, frame in zip(ids, recording, strict=True):
            writer.write(Channels(int(frame_id), frame, 0, Trail()))


def _require_plausible(path: Path, acquisition: Acquisition, frame_rate_hz: float | None) -> None:
    try:
        require_ultrasound(acquisition)
        if frame_rate_hz is not None:
            sanity.frame_rate_hz(sanity.Claim("frame_rate_hz", frame_rate_hz))
    except ValueError as error:
        raise RecordingError(f"{path}: {error}") from error


def _require_frames(path: Path, frames: Sequence[NDArray[Any]] | NDArray[Any], acquisition: Acquisition) -> None:
    if len(frames) == 0:
        raise RecordingError(f"{path}: there is no frame to write")
    for i, frame in enumerate(frames):
        try:
            require_channels(frame, acquisition.shape, baseband=acquisition.is_baseband)
        except (TypeError, ValueError) as error:
            raise RecordingError(f"{path}: frame {i}: {error}") from error
        if frame.dtype != frames[0].dtype:
            raise RecordingError(f"{path}: frame {i} is {frame.dtype} and frame 0 is {frames[0].dtype}; convert one")
