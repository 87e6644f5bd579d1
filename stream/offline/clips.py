"""The images of a recording: made of its channel data, or as it holds them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, ImagingSettings, NotFiniteError
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.exports.clip import Clip, frame_times_s
from sonolucent.stream.messages import Image, Stream, Trail, channel_type
from sonolucent.stream.offline.enhancement import Enhancement, Enhancing, enhancement, session_enhancement, unenhanced
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import warn_of_frame
from sonolucent.stream.recording.reader import Recording

_log = logging.getLogger(__name__)


def n_images(recording: AnyRecording) -> int:
    """How many frames of images a recording holds."""
    return recording.n_images if isinstance(recording, Recording) else 0


def imaged(recording: AnyRecording, wanted: range, imaging: ImagingSettings, enhance: Enhancing) -> Clip:
    """The images of frames of channel data, beamformed one after the other as they are asked for.

    Raises:
        ConfigError: an argument cannot be used, or a frame holds values that are not finite.
        RecordingError: a frame cannot be read.
    """
    warn_of_frame(recording, wanted[0])
    imager = new_imager(recording, imaging)
    images = beamformed(recording, wanted, imager, enhancement(enhance, imager))
    return clip_of_frames(recording, wanted, imaging, images, enhanced=enhance.choice != "none")


def new_imager(
    recording: AnyRecording, imaging: ImagingSettings, *, threads: int | None = None, device: str = "cpu"
) -> BModeImager:
    """What images the frames of a recording.

    Raises:
        ConfigError: the settings do not suit it, or the device does not suit them or is not there.
    """
    try:
        return BModeImager(recording.acquisition, settings=imaging, threads=threads, device=device)
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"{recording.path}: {error}") from error


def clip_of_frames(
    recording: AnyRecording, wanted: range, imaging: ImagingSettings, images: Iterator[Image], *, enhanced: bool
) -> Clip:
    """A clip of the images of these frames of channel data, whatever made them.

    Raises:
        ConfigError: the settings do not suit the recording.
        RecordingError: its first frame cannot be read.
    """
    dtype = channel_type(recording[wanted[0]])
    try:
        acquisition, grid = imaging.acquisition_of(recording.acquisition), imaging.grid_of(recording.acquisition, None)
    except ValueError as error:
        raise ConfigError(f"{recording.path}: {error}") from error
    stream = Stream(acquisition, grid, recording.frame_rate_hz, dtype, imaging=imaging)
    trails = trails_of(recording)
    times_s = frame_times_s([trails[i].acquired_ns for i in wanted], recording.frame_rate_hz)
    return Clip.of(stream, images, times_s, enhanced=enhanced, source=recording.path.name)


def recorded(recording: Recording, wanted: range, imaging: ImagingSettings, enhance: Enhancing | None) -> Clip:
    """Images as a recording holds them; `enhance` puts another enhancement in place of the recorded one.

    Raises:
        ConfigError: settings that only channel data could be imaged with, or an enhancement that cannot be used.
        RecordingError: an image cannot be read.
    """
    _require_display_settings(recording.path, imaging)
    index = recording.image_index
    revision = int(index["revision"][wanted[0]]) if "revision" in (index.dtype.names or ()) else 0
    made_with = recording.imaging.get(revision, recording.stream.imaging)
    stream = replace(recording.stream, imaging=made_with, revision=revision)
    models = tuple(dict.fromkeys(name.decode() for name in index["model"][wanted.start : wanted.stop] if name))
    images: Iterator[Image] = (recording.image(i) for i in wanted)
    if enhance is not None:
        range_db = float(index["dynamic_range_db"][wanted[0]])
        images = map(_anew(enhance, stream.grid.shape, range_db), images)
    elif models:
        _tell_plain(recording.path, index["model"][wanted.start : wanted.stop])
    times_s = frame_times_s(index["acquired_ns"][wanted.start : wanted.stop], recording.frame_rate_hz)
    return Clip.of(
        stream,
        images,
        times_s,
        enhanced=bool(models) if enhance is None else enhance.choice != "none",
        models=models if enhance is None else None,
        source=recording.path.name,
        dynamic_range_db=None if imaging == ImagingSettings() else imaging.dynamic_range_db,
    )


def beamformed(recording: AnyRecording, wanted: range, imager: BModeImager, enhance: Enhancement) -> Iterator[Image]:
    """The images of these frames of channel data, one after the other as they are asked for.

    Raises:
        ConfigError: a frame holds values that are not finite.
        RecordingError: a frame cannot be read.
    """
    trails = trails_of(recording)
    ids = [int(i) for i in getattr(recording, "frame_ids", range(len(recording)))]
    for i in wanted:
        try:
            bmode = imager(recording[i])
        except NotFiniteError as error:
            raise ConfigError(f"{recording.path} frame {i}: {error}") from error
        yield enhance(Image(ids[i], bmode[np.newaxis], imager.dynamic_range_db, trail=trails[i]))


def trails_of(recording: AnyRecording) -> list[Trail]:
    """When frames were acquired; 0 where the file does not say."""
    if not isinstance(recording, Recording):
        return [Trail()] * len(recording)
    index = recording.channels_index
    return [Trail(int(row["acquired_ns"]), int(row["acquired_utc_ns"])) for row in index]


def _anew(enhancing: Enhancing, shape: tuple[int, int], dynamic_range_db: float) -> Enhancement:
    if enhancing.choice == "none":
        enhance: Enhancement = unenhanced
    else:
        enhance = session_enhancement(enhancing, shape, dynamic_range_db)
    return lambda image: enhance(replace(image, layers=image.layers[:1], model="", device="", skipped="not yet"))


def _require_display_settings(path: Path, imaging: ImagingSettings) -> None:
    """Images that are there can be shown with another dynamic range, and with nothing else."""
    default = ImagingSettings()
    changed = [
        name
        for name in msgspec.structs.asdict(imaging)
        if name != "dynamic_range_db" and getattr(imaging, name) != getattr(default, name)
    ]
    if changed:
        raise ConfigError(
            f"{path}: holds images and no channel data, so {changed[0]} can no longer be chosen; leave it out"
        )


def _tell_plain(path: Path, models: NDArray[np.bytes_]) -> None:
    n_plain = sum(not model for model in models)
    if n_plain:
        _log.warning("%s: %d of %d images were not enhanced, and say so", path, n_plain, len(models))
