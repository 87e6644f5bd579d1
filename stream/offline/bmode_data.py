"""From files and phantoms to the B-mode images that are learnt from: images alone, without phase."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sonolucent.beamform import ImagingSettings, ReferenceLevel, log_compress
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.images import BMode
from sonolucent.nn.speckle_grain import SpeckleGrain, median_grain
from sonolucent.nn.training.frames import Beamformed
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.bmode_files import plain_clip, shows_images
from sonolucent.stream.offline.training_archive import describe, is_simulated, list_frames
from sonolucent.stream.offline.training_data import load
from sonolucent.stream.recording.open import split_path

_HELD_OUT_SHARE, _MOST_HELD_OUT = 0.15, 8
_TOLD_FILES = 4


@dataclass(frozen=True)
class BModeImage:
    """One image in [-dynamic_range_db, 0] dB, what it shows, and its name for messages."""

    subject: str
    name: str
    image_db: BMode


@dataclass(frozen=True)
class BModeData:
    """Images, what is told of them, how they were made where that is known, and what is odd about them."""

    images: list[BModeImage]
    description: str
    conditions: ImageConditions | None
    warnings: tuple[str, ...]

    def parted(self, seed: int) -> tuple[list[BModeImage], list[BModeImage]]:
        """Images to learn from, and those of some subjects held out: about one in seven, at most 8 images. With few
        subjects nothing is held out."""
        subjects = sorted({image.subject for image in self.images})
        n = round(_HELD_OUT_SHARE * len(subjects))
        apart = set(np.random.default_rng(seed).permutation(subjects)[:n])
        kept = [image for image in self.images if image.subject not in apart]
        return kept, [image for image in self.images if image.subject in apart][:_MOST_HELD_OUT]

    def grain(self, dynamic_range_db: float) -> SpeckleGrain | None:
        """Of the images' speckle; None where they show too little of it to tell."""
        return median_grain((image.image_db for image in self.images), dynamic_range_db)


def load_bmode(sources: Sequence[str], imaging: ImagingSettings, told: Callable[[str], None]) -> BModeData:
    """Reads all images of the sources.

    Args:
        sources: files of B-mode (pictures, films, DICOM, .npz, recordings of images), recordings of channel data, or
            phantoms, "sim:N" or "anatomy:N".
        imaging: how channel data are imaged; black to white of pictures stand for its dynamic range.
        told: the name of each image that is ready.

    Raises:
        ConfigError: an image cannot be used; the message names it.
        RecordingError: a recording cannot be read.
    """
    if not sources:
        raise ConfigError("give at least one file of B-mode or recording, or sim:N or anatomy:N")
    of_images = [source for source in sources if not is_simulated(source) and _shows_images(source)]
    of_channels = [source for source in sources if source not in of_images]
    images = [image for source in of_images for image in _of_file(source, imaging.dynamic_range_db, told)]
    described = [_described(of_images, images)] if of_images else []
    if not of_channels:
        if imaging != ImagingSettings():
            raise ConfigError("imaging options are for channel data, and there are images alone; leave them out")
        return BModeData(images, "; ".join(described), None, ())
    archive = list_frames(of_channels, imaging)
    data = load(archive, archive.frames, imaging=imaging, beamformed=told)
    images += [BModeImage(frame.subject, frame.name, _shown(frame, imaging)) for frame in data.frames]
    described.append(describe(of_channels, archive.frames))
    return BModeData(images, "; ".join(described), None if of_images else data.conditions, data.warnings)


def _described(files: Sequence[str], images: Sequence[BModeImage]) -> str:
    """Each file with its number of images, or all of them in short where there are many."""
    if len(files) > _TOLD_FILES:
        return f"{len(images)} images of {len(files)} files, {Path(files[0]).name} to {Path(files[-1]).name}"
    return "; ".join(f"{Path(name).name}, {sum(image.subject == name for image in images)} images" for name in files)


def _shows_images(source: str) -> bool:
    path = Path(source)
    if not split_path(path)[0].exists():
        raise ConfigError(f"{source}: there is no such file")
    return shows_images(path)


def _of_file(source: str, dynamic_range_db: float, told: Callable[[str], None]) -> list[BModeImage]:
    images = []
    for image in plain_clip(Path(source), dynamic_range_db=dynamic_range_db):
        name = f"{source} image {image.frame_id}"
        scaled = image.bmode * np.float32(dynamic_range_db / image.dynamic_range_db)
        images.append(BModeImage(source, name, np.asarray(scaled, np.float32)))
        told(name)
    return images


def _shown(frame: Beamformed, imaging: ImagingSettings) -> BMode:
    """As a live stream would show it, if it began with this frame."""
    image = np.asarray(frame.image, np.complex64)
    return log_compress(image, dynamic_range_db=imaging.dynamic_range_db, reference=ReferenceLevel().update(image))
