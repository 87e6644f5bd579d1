"""Clips of the page's cine loop as files, in any format that images leave the program in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sonolucent.stream.errors import BadInput, OutputFailed, ViewerError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import EXPORTS, Appearance
from sonolucent.stream.exports.write_images import write_clip
from sonolucent.stream.messages import Image, Stream


@dataclass(frozen=True)
class PageClip:
    """What the frames of a clip have in common: their stream, and where it came from."""

    stream: Stream
    source: str


def encode_clip(kind: str, frames: Iterator[Image], clip: PageClip) -> tuple[bytes, str]:
    """A clip as a file, and the name to keep it under.

    Args:
        kind: the format, by its suffix.

    Raises:
        ViewerError: there is no such format, no frame, or a frame cannot be read or written in that format.
    """
    images = list(frames)
    if not images:
        raise ViewerError("a clip of no frames; let some come first")
    try:
        EXPORTS.require(kind)
        content = _encoded(kind, images, clip)
    except (BadInput, OutputFailed) as error:
        raise ViewerError(str(error)) from error
    taken = datetime.fromtimestamp(images[0].trail.acquired_utc_ns / 1e9, UTC)
    return content, f"sonolucent-{taken:%Y%m%d-%H%M%S}.{kind}"


def _encoded(kind: str, images: list[Image], clip: PageClip) -> bytes:
    times_s = np.array([image.trail.acquired_ns - images[0].trail.acquired_ns for image in images]) / 1e9
    models = tuple(dict.fromkeys(image.model for image in images if image.model))
    enhanced = any(image.enhanced is not None for image in images)
    made = Clip.of(clip.stream, images, times_s, enhanced=enhanced, models=models, source=clip.source)
    with tempfile.TemporaryDirectory(prefix="sonolucent-clip-") as folder:
        path = Path(folder) / f"clip.{kind}"
        write_clip(path, made, Appearance(side_by_side=enhanced and EXPORTS.find(kind).drawn))
        return path.read_bytes()
