"""Real images for an evaluation: full-matrix captures, and in-vivo frames with hand-drawn boxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sonolucent.beamform import FourierBeamformer, ImageGrid, ReferenceLevel, log_compress, uniform_gain
from sonolucent.nn.evaluate.methods import View
from sonolucent.nn.evaluate.real import Box
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.recording.open import open_recording

RANGE_DB = 60.0
"""What 8-bit frames are taken to show: their files do not say."""

REFLECTORS_M = {
    "aluminium_64x0.63mm_5MHz_hmc.mat": (-2.0e-3, 20.05e-3),
    "aluminium_notch_64x0.30mm_5MHz_hmc.mat": (6.65e-3, 19.6e-3),
}
"""Where captures have a machined reflector, (x, z)."""

# Lumen and muscle of the carotid frames, drawn by hand inside what is unmistakably each; no masks come with them.
_BOXES = {
    "localization_samples_longitudinal_201507211157170577VAS.png": (
        Box((262, 311), (268, 514)),
        Box((118, 193), (21, 118)),
    ),
    "localization_samples_longitudinal_201509291151590620VAS.png": (
        Box((230, 295), (223, 544)),
        Box((91, 139), (244, 544)),
    ),
    "localization_samples_transverse_201811211122300246VAS.png": (
        Box((225, 295), (220, 316)),
        Box((107, 150), (279, 386)),
    ),
    "localization_samples_transverse_201902120820080009VAS.png": (
        Box((214, 289), (169, 287)),
        Box((91, 150), (30, 244)),
    ),
}


@dataclass(frozen=True)
class Capture:
    """A beamformed frame of a capture."""

    name: str
    view: View
    grid: ImageGrid


@dataclass(frozen=True)
class VesselFrame:
    """An in-vivo frame and its boxes of lumen and tissue."""

    name: str
    view: View
    lumen: Box
    tissue: Box


_PUBLISHED = {"OurMethod": "speckle2self", "obnlm": "obnlm", "srad": "srad"}
"""Outputs that come with the frames of Speckle2Self's project page, by the first part of their file's name."""


def captures(folder: Path) -> Iterator[Capture]:
    """The first frame of every full-matrix capture in `folder`/fmc, beamformed.

    Raises:
        ConfigError: there is no such folder, or a capture cannot be read.
    """
    for path in sorted(_existing(folder / "fmc").glob("*.mat")):
        recording = open_recording(path)
        acquisition = recording.acquisition
        grid = ImageGrid.for_acquisition(acquisition)
        image = FourierBeamformer(acquisition, grid, gain=uniform_gain(acquisition, grid))(recording[0])
        level = ReferenceLevel().update(image)
        plain_db = log_compress(image, dynamic_range_db=RANGE_DB, reference=level)
        yield Capture(path.name, View(plain_db, image, grid, level), grid)


def vessel_frames(folder: Path) -> Iterator[VesselFrame]:
    """The carotid frames in `folder`/bmode/carotid that boxes have been drawn for.

    Raises:
        ConfigError: there is no such folder.
    """
    carotid = _existing(folder / "bmode" / "carotid")
    for name, (lumen, tissue) in _BOXES.items():
        if (carotid / name).exists():
            yield VesselFrame(name, View(read_bmode(carotid / name)), lumen, tissue)


def published_frames(folder: Path) -> Iterator[tuple[View, dict[str, np.ndarray]]]:
    """The frames in `folder`/bmode/speckle2self, each with the outputs that were published with it.

    Raises:
        ConfigError: there is no such folder.
    """
    frames = _existing(folder / "bmode" / "speckle2self")
    for path in sorted(frames.glob("Input_*.gif")):
        others = {name: path.with_name(path.name.replace("Input", start)) for start, name in _PUBLISHED.items()}
        yield (
            View(read_bmode(path)),
            {f"{name}, as published": read_bmode(other) for name, other in others.items() if other.exists()},
        )


def read_bmode(path: Path) -> np.ndarray:
    """An 8-bit picture as a B-mode image in dB, float32 (n_z, n_x) in [-RANGE_DB, 0]."""
    from PIL import Image

    with Image.open(path) as picture:
        grey = np.asarray(picture.convert("L"), np.float32)
    return np.asarray((grey / 255 - 1) * RANGE_DB, np.float32)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: no such folder; --data takes one that holds fmc/, bmode/carotid/ and bmode/speckle2self/"
        )
    return folder
