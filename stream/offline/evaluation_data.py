"""The real images that a manifest names: full-matrix captures, and pictures of B-mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, ImageGrid, ImagingSettings
from sonolucent.nn.evaluate import PixelRectangle, View
from sonolucent.sim.picture_pages import first_page
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.evaluation_manifest import Manifest
from sonolucent.stream.offline.grey_pictures import require_8_bits
from sonolucent.stream.recording.open import open_recording


@dataclass(frozen=True)
class CaptureImage:
    """The first frame of a capture, beamformed, and where its reflector is, (x, z) in m, if it has one."""

    name: str
    view: View
    grid: ImageGrid
    reflector_m: tuple[float, float] | None


@dataclass(frozen=True)
class VesselImage:
    """An in-vivo frame and its boxes of lumen and tissue."""

    name: str
    view: View
    lumen: PixelRectangle
    tissue: PixelRectangle


def captures(folder: Path, manifest: Manifest, imaging: ImagingSettings) -> Iterator[CaptureImage]:
    """The captures of the manifest.

    Raises:
        RecordingError: a capture cannot be read.
        ConfigError: the settings do not suit it.
    """
    for entry in manifest.captures:
        recording = open_recording(folder / entry.file, sound_speed_m_s=imaging.sound_speed_m_s)
        try:
            imager = BModeImager(recording.acquisition, settings=imaging)
        except ValueError as error:
            raise ConfigError(f"{entry.file}: {error}") from error
        plain_db = imager(recording[0])
        view = View(plain_db, imager.analytic, imager.grid, imager.level)
        yield CaptureImage(Path(entry.file).name, view, imager.grid, entry.reflector_m)


def vessels(folder: Path, manifest: Manifest) -> Iterator[VesselImage]:
    """The vessels of the manifest.

    Raises:
        ConfigError: a picture cannot be read, or a box does not lie in it.
    """
    for entry in manifest.vessels:
        image_db = read_bmode(folder / entry.file, manifest.dynamic_range_db)
        for box in (entry.lumen, entry.tissue):
            try:
                box.of(image_db)
            except ValueError as error:
                raise ConfigError(f"{entry.file}: {error}; correct the manifest") from error
        yield VesselImage(Path(entry.file).name, View(image_db), entry.lumen, entry.tissue)


def published(folder: Path, manifest: Manifest) -> Iterator[tuple[View, dict[str, NDArray[np.float32]]]]:
    """The published frames of the manifest, each with the outputs that were published with it.

    Raises:
        ConfigError: a picture cannot be read.
    """

    def read(name: str) -> NDArray[np.float32]:
        return read_bmode(folder / name, manifest.dynamic_range_db)

    for entry in manifest.published:
        outputs = {f"{method}, as published": read(name) for method, name in entry.outputs.items()}
        yield View(read(entry.input)), outputs


def read_bmode(path: Path, dynamic_range_db: float) -> NDArray[np.float32]:
    """An 8-bit picture as a B-mode image in dB, float32 (n_z, n_x) in [-dynamic_range_db, 0].

    Raises:
        ConfigError: it is no picture of 8 bits.
    """
    try:
        mode, pixels = first_page(path, "L")
    except ValueError as error:
        raise ConfigError(f"{error}; correct the manifest") from error
    require_8_bits(mode, path)
    grey = np.asarray(pixels, np.float32)
    return np.asarray((grey / 255 - 1) * dynamic_range_db, np.float32)
