"""Replays a recording at its own, a given, or full speed."""

from __future__ import annotations

import itertools
from threading import Event

import numpy as np

from sonolucent.beamform.geometry import ImageGrid
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError, RecordingError
from sonolucent.stream.messages import ChannelType, Stream
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.sources.pacing import paced
from sonolucent.stream.sources.source import Source


def open_source(config: Config, stop: Event, past: JournalEntry) -> Source:
    """Frames `config.first`..`config.last`; over and over for a viewer, a loop, or until `config.frames` are played.

    Raises:
        RecordingError: it cannot be read, or holds no channel data.
        ConfigError: it has no such frames.
    """
    file = config.source.partition(":")[2]
    recording = open_recording(file)
    if len(recording) == 0:
        raise RecordingError(f"{file}: holds no channel data to replay; record with --record-channels")
    rows = _rows(config, recording)
    fps = None if config.as_fast_as_possible else config.fps or recording.frame_rate_hz or 25.0
    dtype: ChannelType = "<f4" if recording[rows[0]].dtype == np.float32 else "<i2"
    grid = ImageGrid.for_acquisition(recording.acquisition)
    again = config.view or config.loop or config.frames is not None
    places = itertools.count(past.next_frame_id) if again else range(past.next_frame_id, len(rows))
    frames = (recording[rows[place % len(rows)]] for place in places)
    stream = Stream(recording.acquisition, grid, fps, dtype)
    description = f"{len(rows)} frames of {file} ({recording.format})"
    return Source(stream, paced(frames, fps, stop, past.next_frame_id), description=description)


def _rows(config: Config, recording: AnyRecording) -> range:
    end = len(recording) if config.last is None else config.last + 1
    if config.first >= len(recording) or end > len(recording):
        asked_for = f"{config.first} to {'its end' if config.last is None else config.last}"
        raise ConfigError(
            f"{recording.path}: holds frames 0 to {len(recording) - 1}; there is no replay from {asked_for}"
        )
    return range(config.first, end)
