"""DICOM: Ultrasound Multi-frame Image Storage (PS3.3, A.7), with frame times and the size of pixels.

What is not known, all of the patient above all, is left empty or out.
"""

from __future__ import annotations

import tempfile
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sonolucent.stream.errors import OutputError
from sonolucent.stream.exports.clip import RESEARCH, Clip
from sonolucent.stream.exports.image_format import Appearance, ImageFormat
from sonolucent.stream.exports.sheet import Panel, Sheet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.uid import UID

_MOST_BYTES = (1 << 32) - 2
# Of a region (PS3.3, C.8.5.5): two-dimensional, tissue, measured in cm.
_TWO_D, _TISSUE, _CM = 1, 1, 3
_REGULAR = 1e-3
"""Of a frame's time: intervals that differ by less are one."""


def _write(path: Path, clip: Clip, appearance: Appearance) -> None:
    sheet = Sheet(clip, appearance)
    rows, columns = sheet.shape
    if rows * columns * len(clip) > _MOST_BYTES:
        raise OutputError(f"{path}: {len(clip)} images are more than DICOM holds; choose some with --first and --last")
    dataset = _identified(clip)
    _describe_origin(dataset, clip)
    _describe_times(dataset, clip)
    _describe_pixels(dataset, rows, columns)
    if clip.pixels_known:
        _describe_regions(dataset, clip, sheet)
    with tempfile.TemporaryFile(dir=path.parent) as pixels:
        for image in clip:
            pixels.write(sheet.draw(image).tobytes())
        pixels.write(b"\0" * (pixels.tell() % 2))
        pixels.seek(0)
        dataset.PixelData = pixels
        dataset.save_as(path, enforce_file_format=True)


def _identified(clip: Clip) -> Dataset:
    """The file's head, with its identifiers; nothing of a patient."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = _identifier(clip, "instance")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = _identifier(clip, "study"), _identifier(clip, "series")
    for unknown in (
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "ReferringPhysicianName", "AccessionNumber"),
        *("StudyID", "PatientOrientation", "Laterality", "StudyDate", "StudyTime"),
    ):
        setattr(dataset, unknown, None)
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "US", 1, 1
    dataset.Manufacturer = dataset.ManufacturerModelName = "Sonolucent"
    dataset.SoftwareVersions = version("sonolucent")
    if clip.begun_utc_ns > 0:
        begun = datetime.fromtimestamp(clip.begun_utc_ns / 1e9, UTC)
        dataset.TimezoneOffsetFromUTC = "+0000"
        for kind in ("Study", "Content", "Acquisition"):
            setattr(dataset, f"{kind}Date", begun.strftime("%Y%m%d"))
            setattr(dataset, f"{kind}Time", begun.strftime("%H%M%S.%f"))
    return dataset


def _identifier(clip: Clip, of: str) -> UID:
    """A UID out of a UUID (PS3.5, B.2): of the clip's origin where it has one, so that the same clip has the same."""
    from pydicom.uid import UID

    unique = uuid.uuid5(uuid.NAMESPACE_OID, f"{of} {clip.origin}") if clip.origin else uuid.uuid4()
    return UID(f"2.25.{unique.int}")


def _describe_origin(dataset: Dataset, clip: Clip) -> None:
    dataset.ImageType = ["DERIVED" if clip.enhanced else "ORIGINAL", "PRIMARY"]
    dataset.SeriesDescription = "Sonolucent, enhanced" if clip.enhanced else "Sonolucent"
    dataset.DerivationDescription = clip.description
    dataset.ImageComments = f"{RESEARCH} {_settings(clip)}".strip()[:10240]
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def _settings(clip: Clip) -> str:
    if not clip.acquisition_known:
        return ""
    settings = "; ".join(f"{name} {value}" for name, value in clip.facts["imaging"].items() if value is not None)
    return f"Speed of sound {clip.facts['sound_speed_m_s']:g} m/s; {settings}"


def _describe_times(dataset: Dataset, clip: Clip) -> None:
    """The Cine Module: one frame time where frames came regularly, else the time of each after the one before."""
    steps_ms = 1e3 * np.diff(clip.times_s)
    frame_ms = 1e3 * float(np.mean(clip.durations_s))
    dataset.NumberOfFrames = len(clip)
    dataset.StartTrim, dataset.StopTrim = 1, len(clip)
    dataset.PreferredPlaybackSequencing = 0
    dataset.RecommendedDisplayFrameRate = dataset.CineRate = max(1, round(1e3 / frame_ms))
    dataset.EffectiveDuration = _decimal(float(clip.durations_s.sum()))
    if len(steps_ms) > 0 and np.ptp(steps_ms) <= _REGULAR * frame_ms:
        dataset.FrameTime = _decimal(float(np.mean(steps_ms)))
        dataset.FrameIncrementPointer = 0x00181063
    else:
        dataset.FrameTimeVector = [_decimal(step_ms) for step_ms in (0.0, *steps_ms.tolist())]
        dataset.FrameIncrementPointer = 0x00181065


def _describe_pixels(dataset: Dataset, rows: int, columns: int) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0


def _describe_regions(dataset: Dataset, clip: Clip, sheet: Sheet) -> None:
    """Pixels are square, so lengths are right also in programs that look at neither delta."""
    dataset.SequenceOfUltrasoundRegions = [_region(panel, clip, sheet) for panel in sheet.panels]


def _region(panel: Panel, clip: Clip, sheet: Sheet) -> Any:
    from pydicom.dataset import Dataset

    region = Dataset()
    region.RegionSpatialFormat, region.RegionDataType, region.RegionFlags = _TWO_D, _TISSUE, 0
    region.RegionLocationMinX0, region.RegionLocationMinY0 = panel.left, panel.top
    region.RegionLocationMaxX1 = panel.left + panel.width - 1
    region.RegionLocationMaxY1 = panel.top + panel.height - 1
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = _CM
    region.PhysicalDeltaX, region.PhysicalDeltaY = (100 * d for d in sheet.spacing_m)
    region.ReferencePixelX0 = region.ReferencePixelY0 = 0
    region.ReferencePixelPhysicalValueX, region.ReferencePixelPhysicalValueY = (100 * p for p in sheet.corner_m)
    if clip.acquisition_known:
        region.TransducerFrequency = round(1e-3 * clip.stream.acquisition.probe.center_frequency_hz)
    return region


def _decimal(value: float) -> str:
    """A decimal string of DICOM: 16 characters at most."""
    return f"{value:.9g}"


FORMAT = ImageFormat(_write, requires=("pydicom", "dicom"))
