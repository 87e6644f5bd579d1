"""A recording of images (docs/reference/recording.md), which this program reads, replays and views."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.messages import Trail
from sonolucent.stream.recording.whole_hdf5 import whole_file
from sonolucent.stream.recording.writer import RecordingWriter


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    """Where nobody noted when frames were acquired, their times are those of the nominal rate.

    Raises:
        OutputError: nobody knows how the images were acquired.
    """
    if not clip.acquisition_known:
        raise OutputError(f"{path}: a recording tells how it was acquired, and which a picture does not; write .npz")
    begun = Trail(1, clip.begun_utc_ns)
    with whole_file(path) as file:
        writer = RecordingWriter(path, clip.stream, channels=False, images=True, file=file)
        for image, time_s in zip(clip, clip.times_s, strict=True):
            trail = image.trail if image.trail.acquired_ns > 0 else begun.later(time_s)
            writer.write(replace(image, trail=trail, revision=clip.stream.revision))
        writer.flush({})  # no edge was crossed


FORMAT = ImageFormat(_write, drawn=False)
