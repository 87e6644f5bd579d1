"""DICOM that the command line writes: other programs read sizes, times and origin from it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from .points import PIXELS, TIMES_S, lengths_mm, wrote

pytestmark = pytest.mark.slow


def test_lengths_in_dicom_of_channel_data(sonolucent: Any, channels: Path, tmp_path: Path) -> None:
    out = wrote(sonolucent("image", channels, tmp_path / "a.dcm"), tmp_path / "a.dcm")
    file = pydicom.dcmread(out)
    (region,) = file.SequenceOfUltrasoundRegions
    assert (region.PhysicalUnitsXDirection, region.PhysicalUnitsYDirection) == (3, 3)
    lengths = lengths_mm(file.pixel_array[0], 10 * region.PhysicalDeltaX, 10 * region.PhysicalDeltaY)
    assert lengths == pytest.approx((20, 20), abs=0.2)
    assert (file.NumberOfFrames, float(file.FrameTime)) == (2, pytest.approx(50))
    assert region.TransducerFrequency == 7500


def test_dicom_of_recorded_images(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    out = wrote(sonolucent("convert", images, tmp_path / "a.dcm"), tmp_path / "a.dcm")
    file = pydicom.dcmread(out)
    assert file.SOPClassUID == pydicom.uid.UltrasoundMultiFrameImageStorage
    assert file.pixel_array.shape[0] == file.NumberOfFrames == len(TIMES_S)
    assert np.cumsum(file.FrameTimeVector) == pytest.approx(1e3 * TIMES_S)
    (region,) = file.SequenceOfUltrasoundRegions
    assert (region.RegionLocationMinX0, region.RegionLocationMinY0) == (0, 0)
    assert (region.RegionLocationMaxX1, region.RegionLocationMaxY1) == (file.Columns - 1, file.Rows - 1)
    lengths = lengths_mm(file.pixel_array[-1], 10 * region.PhysicalDeltaX, 10 * region.PhysicalDeltaY)
    assert lengths == pytest.approx((20, 20), abs=0.2)
    depth_mm = 10 * (region.ReferencePixelPhysicalValueY + region.PhysicalDeltaY * file.Rows)
    assert depth_mm == pytest.approx(1e3 * PIXELS.z_m[-1], abs=0.1)
    assert "light@1234" in file.DerivationDescription
    assert "60 dB" in file.DerivationDescription
    assert (file.ContentDate, file.TimezoneOffsetFromUTC) == ("20270115", "+0000")
    for field in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "AccessionNumber"):
        assert not file[field].value


def test_both_halves_of_a_dicom_are_regions(sonolucent: Any, images: Path, tmp_path: Path) -> None:
    ended = sonolucent("image", images, tmp_path / "a.dcm", "--side-by-side", "--axes")
    file = pydicom.dcmread(wrote(ended, tmp_path / "a.dcm"))
    plain, enhanced = file.SequenceOfUltrasoundRegions
    assert plain.RegionLocationMaxX1 < enhanced.RegionLocationMinX0
    for region in (plain, enhanced):
        rows = slice(region.RegionLocationMinY0, region.RegionLocationMaxY1 + 1)
        columns = slice(region.RegionLocationMinX0, region.RegionLocationMaxX1 + 1)
        half = file.pixel_array[0][rows, columns]
        lengths = lengths_mm(half, 10 * region.PhysicalDeltaX, 10 * region.PhysicalDeltaY)
        assert lengths == pytest.approx((20, 20), abs=0.2)


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian's dicom3tools) is not installed")
@pytest.mark.parametrize("options", [[], ["--side-by-side", "--axes"], ["--frame", "2"]])
def test_a_validator_finds_no_error(sonolucent: Any, images: Path, tmp_path: Path, options: list[str]) -> None:
    out = wrote(sonolucent("image", images, tmp_path / "a.dcm", *options), tmp_path / "a.dcm")
    seen = subprocess.run(["dciodvfy", out], capture_output=True, text=True, check=False)
    assert "USMultiFrameImage" in seen.stderr
    assert "Error" not in seen.stderr
