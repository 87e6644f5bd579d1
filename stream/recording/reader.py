"""Reads recordings of this project's layout (docs/reference/recording.md), whole ones and those that were cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.messages import Image, Trail
from sonolucent.stream.recording import hdf5, hdf5_values, layout, ledger_text


class Recording:
    """A recording of this project's layout: `rec[i]` is frame i, (n_tx, n_rx, n_samples); `rec.image(i)` its images.

    Raises:
        RecordingError: the file is damaged or of a later version.
    """

    format = "Sonolucent"
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = hdf5.open_for_reading(path)
        with hdf5.reading(self.path, "Sonolucent"):
            self.stream = layout.read_stream(self._file)
            self.edges = ledger_text.read(self._file)
            self.imaging = _read_imaging(self._file)
            """The settings that images were made with, by the revision that each image tells."""
            self.note = str(hdf5_values.attribute(self._file, layout.NOTE, ""))
            """What its user wrote about it."""
            row_shape, dtype = layout.raw_rows(self.stream)
            layout.require_rows(self._file, layout.RAW, row_shape, (dtype,))
            for images in (layout.BMODE, layout.ENHANCED):
                layout.require_rows(self._file, images, self.stream.grid.shape, ("<f4",))
            self._n_frames = self._complete(layout.RAW, layout.RAW_INDEX)
            self._n_images = self._complete(layout.BMODE, layout.IMAGE_INDEX)

    @property
    def acquisition(self) -> Acquisition:
        """How the channel data were taken."""
        return self.stream.acquisition

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames a second; None where it was not known."""
        return self.stream.frame_rate_hz

    def __len__(self) -> int:
        return self._n_frames

    @property
    def takes_channels(self) -> bool:
        """Whether it was made to hold channel data, even if it has none yet."""
        return layout.RAW in self._file

    @property
    def n_images(self) -> int:
        """How many frames of images it holds."""
        return self._n_images

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path} holds {len(self)} frames of channel data; there is no frame {index}")
        with hdf5.reading(self.path, "Sonolucent"):
            row = hdf5_values.read(self._file[layout.RAW], index % len(self))
        return layout.from_raw_row(row, self.stream)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def image(self, index: int) -> Image:
        """The images of row `index`, as they were shown."""
        if not 0 <= index < self.n_images:
            raise IndexError(f"{self.path} holds {self.n_images} images; there is no image {index}")
        with hdf5.reading(self.path, "Sonolucent"):
            row: Any = hdf5_values.read(self._file[layout.IMAGE_INDEX], index)
            layers = [hdf5_values.read(self._file[layout.BMODE], index)]
            if row["model"]:
                layers.append(hdf5_values.read(self._file[layout.ENHANCED], index))
            return Image(
                frame_id=int(row["frame_id"]),
                layers=np.stack(layers),
                dynamic_range_db=float(row["dynamic_range_db"]),
                model=row["model"].decode(),
                device=row["device"].decode(),
                skipped=row["skipped"].decode(),
                # A time before the clock's beginning is none; 0 stands for what nobody knows.
                trail=Trail(max(0, int(row["acquired_ns"])), max(0, int(row["acquired_utc_ns"]))),
                revision=int(row["revision"]) if "revision" in row.dtype.names else 0,
                strength=float(row["strength"]) if "strength" in row.dtype.names else 1.0,
            )

    @property
    def channels_index(self) -> NDArray[Any]:
        """The table beside the channel data, (len(self),): frame_id, acquired_ns, acquired_utc_ns."""
        return self._index(layout.RAW_INDEX, len(self), layout.RAW_ROW)

    @property
    def image_index(self) -> NDArray[Any]:
        """The table beside the images, (n_images,): as `channels_index`, and how each image was made."""
        return self._index(layout.IMAGE_INDEX, self.n_images, layout.IMAGE_ROW)

    @property
    def frame_ids(self) -> NDArray[np.int64]:
        """The frame ids of the channel data, (len(self),)."""
        ids: NDArray[np.int64] = self.channels_index["frame_id"]
        return ids

    @property
    def lost(self) -> dict[str, list[int]]:
        """The ids of the frames that the disk was too slow for, by kind: "raw_data", "image"."""
        ids: dict[str, list[int]] = {}
        with hdf5.reading(self.path, "Sonolucent"):
            for row in hdf5_values.read(self._file[layout.LOST]) if layout.LOST in self._file else ():
                ids.setdefault(row["data"].decode(), []).append(int(row["frame_id"]))
        return ids

    def close(self) -> None:
        """Closes the file; nothing can be read any more."""
        self._file.close()

    def _index(self, path: str, n: int, row: np.dtype[Any]) -> NDArray[Any]:
        if n == 0:
            return np.empty(0, row)
        with hdf5.reading(self.path, "Sonolucent"):
            values = hdf5_values.read(self._file[path])[:n]
        if values.ndim != 1 or "frame_id" not in (values.dtype.names or ()):
            raise RecordingError(f"{self.path}: Sonolucent: {path} is no table of frames; the file is damaged")
        return values

    def _complete(self, data: str, index: str) -> int:
        return min(len(self._file[data]), len(self._file[index])) if data in self._file else 0


def _read_imaging(file: h5py.File) -> dict[int, ImagingSettings]:
    """Empty in recordings of before there were settings."""
    lines = layout.read_lines(file[layout.IMAGING]) if layout.IMAGING in file else []
    return dict(msgspec.json.decode(line, type=layout.Revision) for line in lines)
