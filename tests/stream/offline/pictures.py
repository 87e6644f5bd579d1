"""Pictures of speckle, and files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture
from scipy.ndimage import gaussian_filter


def speckle_grey(n_z: int = 72, n_x: int = 64, seed: int = 0) -> np.ndarray:
    """Two regions, grain of some pixels, grey 0..255."""
    rng = np.random.default_rng(seed)
    real, imaginary = (gaussian_filter(rng.normal(size=(n_z, n_x)), 1.2) for _ in range(2))
    envelope = np.hypot(real, imaginary) / np.hypot(real, imaginary).max()
    level_db = np.where(np.arange(n_x) < n_x // 2, 0, -15) + 20 * np.log10(envelope + 1e-3)
    return np.asarray(np.round(255 * (level_db.clip(-60, 0) / 60 + 1)), np.uint8)


def speckle_pictures(folder: Path, n: int) -> list[str]:
    """Files of as many pictures."""
    paths = [folder / f"frame-{i}.png" for i in range(n)]
    for i, path in enumerate(paths):
        saved(path, speckle_grey(seed=i))
    return [str(path) for path in paths]


def small_grey(n_z: int = 48, n_x: int = 40, seed: int = 0) -> np.ndarray:
    """The same of fewer pixels."""
    return speckle_grey(n_z, n_x, seed)


def saved(path: Path, pixels: np.ndarray) -> Path:
    """A file of a picture."""
    Picture.fromarray(pixels).save(path)
    return path


def dicom(path: Path, pixels: np.ndarray[Any, Any], meaning: str, **more: Any) -> Path:
    """A file of DICOM; pixels are (n_frames, n_z, n_x), or of three colours."""
    pydicom = pytest.importorskip("pydicom")
    from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

    dataset = pydicom.Dataset()
    dataset.file_meta = pydicom.dataset.FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.SamplesPerPixel = 3 if meaning in ("RGB", "YBR_FULL") else 1
    if dataset.SamplesPerPixel == 3:
        dataset.PlanarConfiguration = 0
    bits = 8 * pixels.dtype.itemsize
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits, bits - 1, 0
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = pixels.shape[:3]
    dataset.PhotometricInterpretation, dataset.PixelData = meaning, pixels.tobytes()
    for name, value in more.items():
        setattr(dataset, name, value)
    dataset.save_as(path, enforce_file_format=True)
    return path
