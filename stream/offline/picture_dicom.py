"""DICOM files of ultrasound: frames, and the size of their pixels from the regions."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.grey_pictures import Pictures, grey_of

DICOM = (".dcm", ".dicom")
_MAGIC, _MAGIC_AT = b"DICM", 128
_CM = 3
_NOMINAL_MS = 40.0


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its content; it need not exist."""
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC
    except OSError:
        return False


def dicom_file(path: Path) -> Pictures:
    """The frames of a DICOM file.

    Raises:
        ConfigError: pydicom is not installed; or the file cannot be read, or is not grey of 8 bits.
    """
    if importlib.util.find_spec("pydicom") is None:
        raise ConfigError(f"{path}: pydicom is not installed; pip install 'sonolucent[dicom]'")
    import pydicom
    from pydicom.errors import InvalidDicomError
    from pydicom.pixels.utils import pixel_array

    try:
        dataset = pydicom.dcmread(path)
        pixels = pixel_array(dataset)  # YBR comes as RGB
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except (InvalidDicomError, AttributeError, ValueError, RuntimeError, NotImplementedError, OSError) as error:
        raise ConfigError(f"{path}: no DICOM image can be read ({error}); export it uncompressed") from error
    if pixels.dtype != np.uint8:
        raise ConfigError(f"{path}: {dataset.BitsStored} bits of grey; export it with 8 bits, black to white")
    grey = _grey(dataset, pixels, path)
    step_ms = float(dataset.get("FrameTime", 0) or _NOMINAL_MS)
    times_s = np.asarray(1e-3 * step_ms * np.arange(len(grey)), np.float64)
    return Pictures(grey, times_s, 1e3 / step_ms, _pixel_m(dataset))


def _grey(dataset: Any, pixels: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    meaning = dataset.PhotometricInterpretation
    if dataset.SamplesPerPixel == 1:
        frames = pixels if pixels.ndim == 3 else pixels[np.newaxis]
        return np.asarray(255 - frames if meaning == "MONOCHROME1" else frames, np.uint8)
    frames = pixels if pixels.ndim == 4 else pixels[np.newaxis]
    return np.stack([grey_of(frame, path) for frame in frames])


def _pixel_m(dataset: Any) -> tuple[float, float] | None:
    for region in dataset.get("SequenceOfUltrasoundRegions", ()):
        if region.get("PhysicalUnitsXDirection") == _CM == region.get("PhysicalUnitsYDirection"):
            return abs(0.01 * float(region.PhysicalDeltaX)), abs(0.01 * float(region.PhysicalDeltaY))
    spacing_mm = dataset.get("PixelSpacing")
    return None if spacing_mm is None else (1e-3 * float(spacing_mm[1]), 1e-3 * float(spacing_mm[0]))
