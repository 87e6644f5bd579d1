"""Replays the images of a recording, as they were shown when it was made."""

from __future__ import annotations

from dataclasses import replace
from threading import Event

import msgspec

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config, changed
from sonolucent.stream.errors import ConfigError, RecordingError
from sonolucent.stream.messages import Frame, Trail
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.recording.reader import Recording
from sonolucent.stream.sources.replay import playback_of, rows_of
from sonolucent.stream.sources.source import Source


def open_source(config: Config, stop: Event, past: JournalEntry) -> Source:
    """Images `config.first`..`config.last`, as `replay` plays channel data.

    Raises:
        RecordingError: it cannot be read, or holds no images.
        ConfigError: it has no such images, or is to be imaged anew.
    """
    file = config.source.partition(":")[2]
    recording = open_recording(file)
    if not isinstance(recording, Recording) or recording.n_images == 0:
        raise RecordingError(f"{file}: holds no images; replay:{file} makes some of its channel data")
    if config.every is not None:
        raise ConfigError("every is for channel data, which images are made of; leave it out")
    images = recording
    rows = rows_of(config, file, images.n_images)
    first = images.image(rows[0])

    def frame_of(place: int, frame_id: int, trail: Trail) -> Frame:
        return replace(images.image(rows[place]), frame_id=frame_id)

    fps = None if config.as_fast_as_possible else config.fps or images.frame_rate_hz or 25.0
    # Recordings of before there were settings have the range of each image alone.
    made_with = images.imaging.get(first.revision, ImagingSettings())
    imaging = msgspec.structs.replace(made_with, dynamic_range_db=first.dynamic_range_db)
    stream = replace(images.stream, frame_rate_hz=fps, imaging=imaging, revision=first.revision)
    playback = playback_of(config, len(rows), fps, stop, past)
    return Source(
        stream,
        playback.play(frame_of, past.next_frame_id),
        description=f"{len(rows)} frames of {file} ({images.format})",
        of_images=True,
        playback=playback,
    )


def of_images(config: Config) -> Config:
    """The configuration that replays the images of a recording without channel data; any other one as it is.

    Raises:
        RecordingError: the recording cannot be read.
        ConfigError: an option is for channel data.
    """
    kind, _, file = config.source.partition(":")
    if kind != "replay":
        return config
    recording = open_recording(file)
    if len(recording) or not isinstance(recording, Recording) or recording.n_images == 0:
        return config
    transforms = tuple(word for word in config.transforms if word != "beamform")
    return changed(config, source=f"images:{file}", transforms=transforms)
