"""Replays a recording at its own, a given, or full speed."""

from __future__ import annotations

import functools
from threading import Event

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.stream.accounting.journal import JournalEntry
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError, RecordingError
from sonolucent.stream.messages import Channels, Frame, Stream, Trail, channel_type
from sonolucent.stream.recording.open import open_recording, warn_of_frame
from sonolucent.stream.sources.playback import AtEnd, Playback
from sonolucent.stream.sources.sliding import SlidingAperture
from sonolucent.stream.sources.source import Source


def open_source(config: Config, stop: Event, past: JournalEntry) -> Source:
    """Frames `config.first`..`config.last`; over and over for a viewer, a loop, or until `config.frames` are played.

    With `config.hold` it waits at the last one.

    Raises:
        RecordingError: it cannot be read, or holds no channel data.
        ConfigError: it has no such frames.
    """
    file = config.source.partition(":")[2]
    recording = open_recording(file, sound_speed_m_s=config.imaging.sound_speed_m_s)
    if len(recording) == 0:
        raise RecordingError(
            f"{file}: holds no channel data; record with --record-channels, or replay its images: images:{file}"
        )
    rows = rows_of(config, str(recording.path), len(recording))
    warnings = (*recording.notes, *warn_of_frame(recording, rows[0]))
    fps = None if config.as_fast_as_possible else config.fps or recording.frame_rate_hz or 25.0
    grid = ImageGrid.for_acquisition(recording.acquisition)
    aperture = SlidingAperture.of(recording.acquisition, config.every)
    scan_of = functools.lru_cache(maxsize=1)(lambda scan: recording[rows[scan]])

    def frame_of(place: int, frame_id: int, trail: Trail) -> Frame:
        return Channels(frame_id, aperture.group(scan_of, place), aperture.first_tx(place), trail)

    stream = Stream(recording.acquisition, grid, aperture.rate_hz(fps), channel_type(recording[rows[0]]))
    description = f"{len(rows)} frames of {file} ({recording.format})"
    playback = playback_of(config, len(rows) * aperture.n_groups, stream.frame_rate_hz, stop, past)
    frames = playback.play(frame_of, past.next_frame_id)
    return Source(stream, frames, description=description, warnings=warnings, playback=playback)


def playback_of(config: Config, n_frames: int, fps: float | None, stop: Event, past: JournalEntry) -> Playback:
    """How a recording of so many frames is played; behind the journal of a replay that was killed, at its place."""
    again = config.view or config.loop or config.frames is not None
    at_end: AtEnd = "hold" if config.hold else "again" if again else "end"
    first = past.next_frame_id % n_frames if at_end == "again" else min(past.next_frame_id, n_frames)
    return Playback(n_frames, fps, stop, first, at_end)


def rows_of(config: Config, file: str, n_rows: int) -> range:
    """The rows of a recording that are replayed.

    Raises:
        ConfigError: it has no such rows.
    """
    end = n_rows if config.last is None else config.last + 1
    if config.first >= n_rows or end > n_rows:
        asked_for = f"{config.first} to {'its end' if config.last is None else config.last}"
        raise ConfigError(f"{file}: holds frames 0 to {n_rows - 1}; there is no replay from {asked_for}")
    return range(config.first, end)
