"""Writes images into a file for other programs; its suffix says in which format."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import Clip, frame_times_s, images_of
from sonolucent.stream.exports.image_format import Appearance, format_of
from sonolucent.stream.messages import Stream
from sonolucent.stream.output_file import new_file


def write_images(
    path: str | os.PathLike[str],
    images: NDArray[Any],
    stream: Stream,
    *,
    times_s: Sequence[float] | NDArray[np.float64] | None = None,
    dynamic_range_db: float = 60.0,
    model: str = "",
    acquired_utc_ns: int = 0,
    side_by_side: bool = False,
    axes: bool = False,
    overwrite: bool = False,
) -> None:
    """Writes images to a new file: PNG, TIFF, GIF, MP4, DICOM, NumPy, MATLAB, or a recording (docs/how-to/export.md).

    Args:
        path: the new file; its suffix says in which format.
        images: (n_frames, n_z, n_x), or (n_frames, 2, n_z, n_x) with the plain and the enhanced ones; in dB, or as
            uint16 or uint8, which run from 0 for black to their full scale for 0 dB.
        stream: how they were acquired, and their grid: `Stream(acquisition, grid)`.
        times_s: when each was acquired, (n_frames,); by default at the stream's frame rate.
        dynamic_range_db: how far below 0 dB is black.
        model: what enhanced them.
        acquired_utc_ns: when the first was acquired, in nanoseconds since 1970 UTC; 0 where nobody knows.
        side_by_side: the plain image on the left, the enhanced one on the right.
        axes: rulers in mm, and a bar in dB.
        overwrite: whether it may replace a file that is there.

    Raises:
        OutputError: the file exists or cannot be written there, the format cannot hold this, or arrays do not fit.
        OutputFailed: the disk refuses it. Nothing is left of the file, whatever the error.
    """
    if images.shape[-2:] != stream.grid.shape:
        raise OutputError(f"{path}: images of {images.shape[-2:]} pixels on a grid of {stream.grid.shape}")
    times = frame_times_s(np.zeros(len(images)), stream.frame_rate_hz) if times_s is None else np.asarray(times_s)
    if times.shape != (len(images),):
        raise OutputError(f"{path}: {len(images)} images and times of shape {times.shape}")
    made = images_of(images, dynamic_range_db, model=model)
    clip = Clip.of(stream, made, times, begun_utc_ns=acquired_utc_ns)
    write_clip(Path(path), clip, Appearance(side_by_side, axes), overwrite=overwrite)


def write_clip(path: Path, clip: Clip, appearance: Appearance, *, overwrite: bool = False) -> None:
    """Writes a clip to a new file; nothing is left of it where that fails.

    Raises:
        OutputError: the file exists or cannot be written there, or the format cannot hold this clip.
        OutputFailed: the disk refuses it.
    """
    image_format = format_of(path, appearance)
    if image_format.one_image and len(clip) > 1:
        raise OutputError(f"{path}: holds one image, not {len(clip)}; choose one with --frame, or write .tiff")
    with new_file(path, overwrite=overwrite) as draft:
        image_format.write(draft, clip, appearance)
