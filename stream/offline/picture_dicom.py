"""DICOM files of ultrasound: frames, and the size of their pixels from the regions."""

from __future__ import annotations

import importlib.util
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.sim.picture_pages import require_pixels
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.grey_pictures import Pictures, grey_of
from sonolucent.stream.offline.wanted_images import WantedImages, require_room

DICOM = (".dcm", ".dicom")
_MAGIC, _MAGIC_AT = b"DICM", 128
_CM = 3
_MOST_DEFLATED = 1032
"""What deflate can make of a byte."""
# What pydicom raises on damaged files, by trial; of its decoders RuntimeError.
_DAMAGED = (
    AttributeError,
    ValueError,
    RuntimeError,
    OSError,
    TypeError,
    KeyError,
    IndexError,
    EOFError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
)
_NOMINAL_MS = 40.0


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its content; it need not exist."""
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + len(_MAGIC))[_MAGIC_AT:] == _MAGIC
    except OSError:
        return False


def dicom_file(path: Path, wanted: WantedImages) -> Pictures:
    """The frames of a DICOM file.

    Raises:
        ConfigError: pydicom is not installed; or the file cannot be read, has no such frames, or is not grey of 8 bits.
    """
    if importlib.util.find_spec("pydicom") is None:
        raise ConfigError(f"{path}: pydicom is not installed; pip install 'sonolucent[dicom]'")
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        return _shown(path, wanted)
    except ConfigError:
        raise
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file") from error
    except (InvalidDicomError, BytesLengthException, *_DAMAGED) as error:
        raise ConfigError(f"{path}: no DICOM image can be read ({error}); export it uncompressed") from error


def _shown(path: Path, wanted: WantedImages) -> Pictures:
    from pydicom import dcmread
    from pydicom.pixels.utils import iter_pixels

    _require_little_unpacked(path)
    dataset = dcmread(path)
    numbers = wanted.of(path, int(dataset.get("NumberOfFrames") or 1))
    _require_size(dataset, len(numbers), path)
    grey = [_grey(dataset, frame, path) for frame in iter_pixels(dataset, indices=numbers)]  # YBR comes as RGB
    step_ms = float(dataset.get("FrameTime", 0) or _NOMINAL_MS)
    times_s = np.asarray(1e-3 * step_ms * np.array(numbers), np.float64)
    return Pictures(grey, times_s, wanted.first, 1e3 / step_ms, _pixel_m(dataset))


def _require_little_unpacked(path: Path) -> None:
    """pydicom unpacks all of a file that is deflated as a whole, whatever it comes to."""
    from pydicom.filereader import read_file_meta_info
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    if read_file_meta_info(path).get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        require_room(path, _MOST_DEFLATED * path.stat().st_size)


def _require_size(dataset: Any, n_frames: int, path: Path) -> None:
    if dataset.BitsAllocated != 8 or dataset.PixelRepresentation != 0:
        raise ConfigError(f"{path}: {dataset.BitsStored} bits of grey; export it with 8 bits, black to white")
    require_pixels(path, dataset.Columns, dataset.Rows)
    require_room(path, n_frames * dataset.Columns * dataset.Rows)


def _grey(dataset: Any, frame: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    if dataset.SamplesPerPixel > 1:
        return grey_of(frame, path)
    return np.asarray(255 - frame if dataset.PhotometricInterpretation == "MONOCHROME1" else frame, np.uint8)


def _pixel_m(dataset: Any) -> tuple[float, float] | None:
    for region in dataset.get("SequenceOfUltrasoundRegions", ()):
        if region.get("PhysicalUnitsXDirection") == _CM == region.get("PhysicalUnitsYDirection"):
            return abs(0.01 * float(region.PhysicalDeltaX)), abs(0.01 * float(region.PhysicalDeltaY))
    spacing_mm = dataset.get("PixelSpacing")
    return None if spacing_mm is None else (1e-3 * float(spacing_mm[1]), 1e-3 * float(spacing_mm[0]))
