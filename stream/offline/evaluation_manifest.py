"""Which files of a folder an evaluation takes, and what is known of them: the manifest beside the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sonolucent.nn.evaluate import PixelRectangle
from sonolucent.stream.decoding import UNDECODABLE
from sonolucent.stream.errors import ConfigError

FILE_NAME = "evaluation.toml"
_EXAMPLE = """\
    dynamic_range_db = 60.0

    [[captures]]
    file = "capture.mat"
    reflector_m = [-2.0e-3, 20.05e-3]

    [[vessels]]
    file = "carotid.png"
    lumen = { rows = [262, 311], columns = [268, 514] }
    tissue = { rows = [118, 193], columns = [21, 118] }

    [[published]]
    input = "frame.png"
    outputs = { obnlm = "frame-obnlm.png" }"""


class Capture(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A recording of channel data, and where its reflector is, (x, z) in m, if it has one that may be measured."""

    file: str
    reflector_m: tuple[float, float] | None = None


class Vessel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A B-mode picture of a vessel, and two boxes drawn by hand: inside its lumen, and inside tissue."""

    file: str
    lumen: PixelRectangle
    tissue: PixelRectangle


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A B-mode picture, and what others' methods made of it, by the methods' names."""

    input: str
    outputs: dict[str, str]


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The real images of an evaluation. Files are named as seen from the folder of the data.

    Args:
        dynamic_range_db: what the grey levels of pictures stand for, which their files do not say.
        captures: measured at their reflectors, and shown.
        vessels: lumen against tissue.
        published: homogeneity, beside that of the published outputs.
    """

    dynamic_range_db: Annotated[float, Meta(gt=0)] = 60.0
    captures: tuple[Capture, ...] = ()
    vessels: tuple[Vessel, ...] = ()
    published: tuple[Published, ...] = ()

    def files(self) -> Iterator[str]:
        """All that is named."""
        yield from (capture.file for capture in self.captures)
        yield from (vessel.file for vessel in self.vessels)
        for frame in self.published:
            yield from (frame.input, *frame.outputs.values())


def load_manifest(folder: Path, path: Path | None = None) -> Manifest:
    """What the manifest says of the data in `folder`; by default it is the folder's own `evaluation.toml`.

    Raises:
        ConfigError: there is no manifest, it cannot be understood, or it names a file that is not there.
    """
    path = folder / FILE_NAME if path is None else path
    try:
        manifest = msgspec.toml.decode(path.read_bytes(), type=Manifest)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; the manifest names the images that are to be measured:\n\n{_EXAMPLE}"
        ) from error
    except UNDECODABLE as error:
        raise ConfigError(f"{path}: {error}; docs/how-to/evaluate.md says what a manifest holds") from error
    missing = [name for name in manifest.files() if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"{path} names files that are not in {folder}: {', '.join(missing)}")
    return manifest
