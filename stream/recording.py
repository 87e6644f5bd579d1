"""Recordings: channel data, B-mode and enhanced images in one HDF5 file that survives being cut off.

The file is written in HDF5's single-writer-multiple-readers mode: whatever happens to the program, it opens up to the
last flush. docs/recording.md describes the layout.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream import hdf5, layout
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.frames import Channels, Frame, Image, Stream, Trail
from sonolucent.stream.ledger import EdgeCounts

_FLUSH_S = 0.25
# What h5py raises on damaged files, by trial.
_DAMAGED = (KeyError, ValueError, TypeError, OSError, OverflowError, AttributeError, IndexError, RuntimeError)


class RecordingWriter:
    """Writes the frames of one stream, each kind in the order in which it comes.

    Args:
        path: a new file.
        stream: its geometry.
        channels: make room for channel data.
        images: make room for B-mode and enhanced images.

    Raises:
        RecordingError: the file exists or cannot be written.
    """

    def __init__(self, path: Path, stream: Stream, *, channels: bool, images: bool) -> None:
        self.path = path
        self._flushed_s = time.monotonic()
        self._file = hdf5.create(path)
        layout.write_stream(self._file, stream)
        if channels:
            shape = stream.acquisition.shape
            self._raw = layout.create_rows(self._file, layout.RAW, shape, stream.dtype, "1")
            self._raw_index = layout.create_index(self._file, layout.RAW_INDEX, layout.RAW_ROW)
        if images:
            shape_2d = stream.grid.shape
            self._bmode = layout.create_rows(self._file, layout.BMODE, shape_2d, "<f4", "dB")
            self._enhanced = layout.create_rows(self._file, layout.ENHANCED, shape_2d, "<f4", "dB")
            self._image_index = layout.create_index(self._file, layout.IMAGE_INDEX, layout.IMAGE_ROW)
        self._ledger = self._file.create_dataset(layout.LEDGER, (0,), maxshape=(None,), chunks=(4096,), dtype="u1")
        self._file.swmr_mode = True

    def write(self, frame: Frame) -> None:
        """Appends a frame.

        Raises:
            RecordingError: it does not fit the stream, or the disk refuses it.
        """
        try:
            if isinstance(frame, Channels):
                self._write_channels(frame)
            else:
                self._write_image(frame)
            if time.monotonic() - self._flushed_s > _FLUSH_S:
                self.flush(frame.trail.edges)
        except (OSError, TypeError) as error:
            raise RecordingError(f"{self.path}: frame {frame.frame_id} cannot be written: {error}") from error

    def flush(self, edges: dict[str, EdgeCounts]) -> None:
        """Makes all that was written safe, with the counts of the edges so far."""
        text = np.frombuffer(msgspec.json.encode(edges), "u1")
        self._ledger.resize((len(text),))
        self._ledger[:] = text
        self._file.flush()
        self._flushed_s = time.monotonic()

    def close(self, edges: dict[str, EdgeCounts] | None = None) -> None:
        """Flushes and closes; `edges` are the final counts."""
        if edges:
            self.flush(edges)
        self._file.close()

    def _write_channels(self, frame: Channels) -> None:
        _append(self._raw, frame.data)
        trail = frame.trail
        _append(self._raw_index, np.array((frame.frame_id, trail.acquired_ns, trail.acquired_utc_ns), layout.RAW_ROW))

    def _write_image(self, frame: Image) -> None:
        _append(self._bmode, frame.bmode)
        _append(self._enhanced, frame.enhanced)
        trail = frame.trail
        origin = (frame.frame_id, trail.acquired_ns, trail.acquired_utc_ns)
        made = (frame.dynamic_range_db, frame.model, frame.device, frame.skipped)
        _append(self._image_index, np.array((*origin, *made), layout.IMAGE_ROW))


class Recording:
    """A recording of this project's layout: `rec[i]` is frame i, (n_tx, n_rx, n_samples); `rec.image(i)` its images.

    Raises:
        RecordingError: the file is damaged or of a later version.
    """

    format = "Sonolucent"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = hdf5.open_for_reading(path)
        with self._reading():
            self.stream = layout.read_stream(self._file)
            self.edges = _read_ledger(self._file)
            layout.require_rows(self._file, layout.RAW, self.stream.acquisition.shape, ("<i2", "<f4"))
            for images in (layout.BMODE, layout.ENHANCED):
                layout.require_rows(self._file, images, self.stream.grid.shape, ("<f4",))
            self._n_frames = self._complete(layout.RAW, layout.RAW_INDEX)
            self._n_images = self._complete(layout.BMODE, layout.IMAGE_INDEX)

    @property
    def acquisition(self) -> Any:
        return self.stream.acquisition

    @property
    def frame_rate_hz(self) -> float | None:
        return self.stream.frame_rate_hz

    def __len__(self) -> int:
        return self._n_frames

    @property
    def n_images(self) -> int:
        return self._n_images

    def __getitem__(self, index: int) -> NDArray[Any]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self.path} holds {len(self)} frames of channel data; there is no frame {index}")
        with self._reading():
            data: NDArray[Any] = self._file[layout.RAW][index % len(self)]
        return data

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def image(self, index: int) -> Image:
        """The images of row `index`, as they were shown."""
        if not 0 <= index < self.n_images:
            raise IndexError(f"{self.path} holds {self.n_images} images; there is no image {index}")
        with self._reading():
            row = self._file[layout.IMAGE_INDEX][index]
            layers = [self._file[layout.BMODE][index]]
            if row["model"]:
                layers.append(self._file[layout.ENHANCED][index])
            return Image(
                frame_id=int(row["frame_id"]),
                layers=np.stack(layers),
                dynamic_range_db=float(row["dynamic_range_db"]),
                model=row["model"].decode(),
                device=row["device"].decode(),
                skipped=row["skipped"].decode(),
                trail=Trail(int(row["acquired_ns"]), int(row["acquired_utc_ns"])),
            )

    @property
    def frame_ids(self) -> NDArray[np.int64]:
        """The frame ids of the channel data, (len(self),)."""
        with self._reading():
            ids: NDArray[np.int64] = layout.read_values(self._file[layout.RAW_INDEX])["frame_id"][: len(self)]
        return ids

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Within, whatever h5py and NumPy make of damaged bytes is a `RecordingError`."""
        try:
            yield
        except _DAMAGED as error:
            raise RecordingError(f"{self.path}: damaged, or not a recording of Sonolucent: {error}") from error

    def _complete(self, data: str, index: str) -> int:
        return min(len(self._file[data]), len(self._file[index])) if data in self._file else 0


def _append(dataset: h5py.Dataset, row: NDArray[Any] | None) -> None:
    """Adds a row; None leaves it at the fill value."""
    if row is not None and row.shape != dataset.shape[1:]:
        raise RecordingError(f"{dataset.name}: a frame of shape {row.shape} in a stream of {dataset.shape[1:]}")
    dataset.resize(len(dataset) + 1, axis=0)
    if row is not None:
        dataset[-1] = row


def write_ledger(path: Path, edges: dict[str, EdgeCounts]) -> None:
    """Replaces the counts in a recording that is closed: the final ones are known only when every stage has ended.

    Raises:
        RecordingError: the file cannot be written.
    """
    text = np.frombuffer(msgspec.json.encode(edges), "u1")
    try:
        with h5py.File(path, "r+", libver="latest") as file:
            file[layout.LEDGER].resize((len(text),))
            file[layout.LEDGER][:] = text
    except (OSError, KeyError) as error:
        raise RecordingError(f"{path}: the ledger could not be written: {error}") from error


def _read_ledger(file: h5py.File) -> dict[str, EdgeCounts]:
    text = layout.read_values(file[layout.LEDGER]).tobytes()
    return msgspec.json.decode(text, type=dict[str, EdgeCounts]) if text else {}
