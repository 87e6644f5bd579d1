"""The formats of images that leave the program, as a registry by the suffix of the file."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.registry import Registry


@dataclass(frozen=True)
class Appearance:
    """How pictures and films are drawn; files of numbers have nothing to draw.

    Args:
        side_by_side: the plain image on the left, the enhanced one on the right.
        axes: rulers in mm, and a bar in dB.
    """

    side_by_side: bool = False
    axes: bool = False


@dataclass(frozen=True)
class ImageFormat:
    """A format of images; packages bring theirs in the entry-point group "sonolucent.exports", named by the suffix.

    Args:
        write: writes a clip to a new file.
        one_image: it holds one image alone.
        drawn: it shows grey levels, for which there is a `Appearance`.
        requires: the module that it cannot do without, and the extra of this package that brings it.
    """

    write: Callable[[Path, Clip, Appearance], None]
    one_image: bool = False
    drawn: bool = True
    requires: tuple[str, str] | None = None


_ROOM = "sonolucent.stream.exports"
EXPORTS: Registry[ImageFormat] = Registry(
    "export",
    {
        "png": f"{_ROOM}.png:FORMAT",
        "tif": f"{_ROOM}.tiff:FORMAT",
        "tiff": f"{_ROOM}.tiff:FORMAT",
        "gif": f"{_ROOM}.gif:FORMAT",
        "mp4": f"{_ROOM}.mp4:FORMAT",
        "dcm": f"{_ROOM}.dicom:FORMAT",
        "npy": f"{_ROOM}.array_files:NPY",
        "npz": f"{_ROOM}.array_files:NPZ",
        "mat": f"{_ROOM}.array_files:MAT",
        "h5": f"{_ROOM}.recorded_images:FORMAT",
    },
)


def format_of(path: Path, appearance: Appearance | None = None) -> ImageFormat:
    """The format that the suffix of a file asks for.

    Raises:
        OutputError: there is none, something that it needs is not installed, or it cannot have this appearance.
    """
    word = path.suffix.removeprefix(".").lower()
    if word not in EXPORTS.names():
        known = ", ".join(f".{name}" for name in EXPORTS.names())
        raise OutputError(f"{path}: a suffix of {known} says what to write")
    image_format = EXPORTS.find(word)
    if image_format.requires is not None:
        module, extra = image_format.requires
        if importlib.util.find_spec(module) is None:
            raise OutputError(f"{path}: {module} is not installed; pip install 'sonolucent[{extra}]'")
    if appearance is not None and appearance != Appearance() and not image_format.drawn:
        raise OutputError(f"{path}: holds numbers and nothing drawn; leave side_by_side and axes out")
    return image_format
