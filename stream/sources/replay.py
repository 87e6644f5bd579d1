"""Replays a recording at its own, a given, or full speed."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.stream.config import Config
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.formats import AnyRecording, open_recording
from sonolucent.stream.frames import ChannelType, Stream
from sonolucent.stream.sources import Source
from sonolucent.stream.sources.pacing import paced


def replay(config: Config, file: str, stop: Event) -> Source:
    """The frames of a recording; over and over for a viewer, or until `config.frames` are played.

    Raises:
        RecordingError: it cannot be read, or holds no channel data.
    """
    recording = open_recording(file)
    if len(recording) == 0:
        raise RecordingError(f"{file}: holds no channel data to replay; record with --record-channels")
    fps = None if config.as_fast_as_possible else config.fps or recording.frame_rate_hz or 25.0
    dtype: ChannelType = "<f4" if recording[0].dtype == np.float32 else "<i2"
    grid = ImageGrid.for_acquisition(recording.acquisition)
    again = config.view or config.frames is not None
    frames = _repeat(recording) if again else iter(recording)
    return Source(Stream(recording.acquisition, grid, fps, dtype), paced(frames, fps, stop))


def _repeat(recording: AnyRecording) -> Iterator[NDArray[Any]]:
    while True:
        yield from recording
