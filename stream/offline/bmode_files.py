"""Images of B-mode out of any file that shows some: pictures, films, DICOM, arrays, recordings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import Acquisition, ImageGrid, ImagingSettings
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.messages import Image, Stream
from sonolucent.stream.offline.clips import imaged, n_images, recorded
from sonolucent.stream.offline.enhancement import Enhancing
from sonolucent.stream.offline.grey_pictures import PICTURES, Pictures, picture_file
from sonolucent.stream.offline.picture_arrays import ARRAYS, array_file
from sonolucent.stream.offline.picture_dicom import DICOM, dicom_file, is_dicom
from sonolucent.stream.offline.picture_films import FILMS, film_file
from sonolucent.stream.offline.wanted_images import WantedImages
from sonolucent.stream.recording.open import open_recording, split_path
from sonolucent.stream.recording.reader import Recording

LEAST_PX = 16
_UNKNOWN_PX_M = 1e-4
"""Of pixels whose size nobody knows: it makes them square, and is told nowhere."""


def plain_clip(
    file: Path,
    *,
    first: int = 0,
    last: int | None = None,
    pixel_mm: tuple[float, float] | None = None,
    dynamic_range_db: float = 60.0,
) -> Clip:
    """The images of a file, as they are: those that a recording holds, made of its channel data where it holds none.

    Args:
        file: a picture, film, DICOM file, array of dB (.npz) or recording.
        first, last: the frames that are wanted; all by default.
        pixel_mm: width and height of a pixel, in place of what the file says.
        dynamic_range_db: what the grey levels of pictures stand for.

    Raises:
        ConfigError: the file is no B-mode, or has no such frames; or the options do not suit it.
        RecordingError: it is none of these files.
    """
    suffix, wanted = file.suffix.lower(), WantedImages(first, last)
    if pixel_mm is not None and not min(pixel_mm) > 0:
        raise ConfigError(f"pixel_mm must be positive, not {pixel_mm[0]:g} and {pixel_mm[1]:g}")
    if suffix in PICTURES:
        return _of_pictures(picture_file(file, wanted), file, pixel_mm, dynamic_range_db)
    if suffix in ARRAYS:
        return _of_pictures(array_file(file, wanted), file, pixel_mm, dynamic_range_db)
    if suffix in FILMS:
        return _of_pictures(film_file(file, wanted), file, pixel_mm, dynamic_range_db)
    if suffix in DICOM or is_dicom(file):
        return _of_pictures(dicom_file(file, wanted), file, pixel_mm, dynamic_range_db)
    if pixel_mm is not None:
        raise ConfigError(f"{file}: a recording knows the size of its pixels; leave pixel_mm out")
    return _of_recording(file, wanted)


def shows_images(file: Path) -> bool:
    """Whether a file holds images as they are, not only channel data to make them of.

    Raises:
        RecordingError: it is none that can be read.
    """
    suffix = file.suffix.lower()
    if suffix in (*PICTURES, *ARRAYS, *FILMS, *DICOM) or is_dicom(file):
        return True
    return n_images(open_recording(file)) > 0


def require_bmode(image_db: NDArray[np.float32], where: str) -> None:
    """Refuses an image that there is nothing to enhance in.

    Raises:
        ConfigError: it has undefined pixels, one value alone, or too few pixels.
    """
    if min(image_db.shape) < LEAST_PX:
        raise ConfigError(
            f"{where}: {image_db.shape[0]} x {image_db.shape[1]} pixels; an image of {LEAST_PX} x {LEAST_PX} at least "
            "can be enhanced"
        )
    undefined = int((~np.isfinite(image_db)).sum())
    if undefined:
        raise ConfigError(f"{where}: {undefined} pixels are undefined (NaN or infinite); replace them")
    if np.ptp(image_db) == 0:
        raise ConfigError(f"{where}: all pixels are alike, so there is nothing to enhance; check the file")


def _of_pictures(pictures: Pictures, file: Path, pixel_mm: tuple[float, float] | None, dynamic_range_db: float) -> Clip:
    size_m = pictures.pixel_m if pixel_mm is None else (1e-3 * pixel_mm[0], 1e-3 * pixel_mm[1])
    dx_m, dz_m = size_m or (_UNKNOWN_PX_M, _UNKNOWN_PX_M)
    n_z, n_x = pictures.images[0].shape
    grid = ImageGrid(-(n_x - 1) / 2 * dx_m, dz_m / 2, dx_m, dz_m, n_z, n_x)
    stream = Stream(Acquisition(), grid, pictures.rate_hz)

    def images() -> Iterator[Image]:
        for i, picture in enumerate(pictures.images, pictures.first):
            image_db = _decibels(picture, dynamic_range_db)
            require_bmode(image_db, f"{file}, image {i}" if i or len(pictures.images) > 1 else str(file))
            yield Image(i, image_db[np.newaxis], dynamic_range_db)

    clip = Clip.of(stream, images(), pictures.times_s, enhanced=False, source=file.name)
    return replace(clip, acquisition_known=False, pixels_known=size_m is not None)


def _decibels(picture: NDArray[Any], dynamic_range_db: float) -> NDArray[np.float32]:
    if picture.dtype == np.uint8:
        picture = (picture / np.float32(255) - 1) * np.float32(dynamic_range_db)
    defined = np.where(np.isinf(picture), np.float32(np.nan), picture)  # which a limit would hide
    return np.asarray(defined.clip(-dynamic_range_db, 0), np.float32)


def _of_recording(file: Path, asked: WantedImages) -> Clip:
    if not split_path(file)[0].exists():
        raise ConfigError(f"{file}: there is no such file")
    recording = open_recording(file)
    held = n_images(recording)
    wanted = asked.of(file, held or len(recording))
    if held and isinstance(recording, Recording):
        clip = recorded(recording, wanted, ImagingSettings(), Enhancing("none"))
    else:
        clip = imaged(recording, wanted, ImagingSettings(), Enhancing("none"))
    return replace(clip, first=_checked(clip.first, file), rest=(_checked(image, file) for image in clip.rest))


def _checked(image: Image, file: Path) -> Image:
    require_bmode(image.bmode, f"{file}, image {image.frame_id}")
    return image
