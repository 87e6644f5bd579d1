"""Writes recordings: channel data, B-mode and enhanced images in one HDF5 file that survives being cut off.

The file is written in HDF5's single-writer-multiple-readers mode: whatever happens to the program, it opens up to the
last flush. docs/reference/recording.md describes the layout.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import RecordingError, RecordingFailed
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Frame, Image, Stream
from sonolucent.stream.output_file import new_file, why_refused
from sonolucent.stream.recording import hdf5, layout, ledger_text
from sonolucent.stream.recording.ledger_text import LedgerText

_FLUSH_S = 0.25


class RecordingWriter:
    """Writes the frames of one stream, each kind in the order in which it comes.

    Args:
        path: a new file.
        stream: its geometry.
        channels: make room for channel data.
        images: make room for B-mode and enhanced images.
        note: a text to keep with them.
        file: the new file, opened by `whole_file` where nobody reads it before it is whole.

    Raises:
        OutputError: the file exists, or cannot be written there.
        OutputFailed: the disk refuses it; nothing is left of it.
    """

    def __init__(
        self,
        path: Path,
        stream: Stream,
        *,
        channels: bool,
        images: bool,
        note: str = "",
        file: h5py.File | None = None,
    ) -> None:
        self.path = path
        self._flushed_s = time.monotonic()
        self._live = file is None
        if file is None:
            # A program that is killed before the file can be read must not leave it there.
            with new_file(path) as draft:
                self._file = hdf5.create(draft)
                try:
                    self._lay_out(stream, note, channels=channels, images=images)
                    self._file.swmr_mode = True
                except OSError:
                    hdf5.abandon(self._file, draft)
                    raise
        else:
            self._file = file
            self._lay_out(stream, note, channels=channels, images=images)
        self.begin(stream)

    def _lay_out(self, stream: Stream, note: str, *, channels: bool, images: bool) -> None:
        if note:
            self._file.attrs[layout.NOTE] = note
        layout.write_stream(self._file, stream)
        if channels:
            self._raw = layout.create_rows(self._file, layout.RAW, *layout.raw_rows(stream), "1")
            self._raw_index = layout.create_index(self._file, layout.RAW_INDEX, layout.RAW_ROW)
        if images:
            shape_2d = stream.grid.shape
            self._bmode = layout.create_rows(self._file, layout.BMODE, shape_2d, "<f4", "dB")
            self._enhanced = layout.create_rows(self._file, layout.ENHANCED, shape_2d, "<f4", "dB")
            self._image_index = layout.create_index(self._file, layout.IMAGE_INDEX, layout.IMAGE_ROW)
        self._lost = layout.create_index(self._file, layout.LOST, layout.LOST_ROW)
        self._ledger = LedgerText(self._file)
        self._imaging = layout.create_text(self._file, layout.IMAGING)

    def begin(self, stream: Stream) -> None:
        """Images from now on were made with the settings of that description; their grid is the same.

        Raises:
            RecordingFailed: the disk refuses it; the file is closed and opens up to its last flush.
        """
        try:
            layout.append_line(self._imaging, layout.Revision(stream.revision, stream.imaging))
        except OSError as error:
            self._give_up("the settings of images", error)

    def write(self, frame: Frame) -> None:
        """Appends a frame.

        Raises:
            RecordingError: it does not fit the stream.
            RecordingFailed: the disk refuses it; the file is closed and opens up to its last flush.
        """
        try:
            if isinstance(frame, Channels):
                self._write_channels(frame)
            else:
                self._write_image(frame)
            # Where nobody reads along, what the file looks like must not depend on the time that it took.
            if self._live and time.monotonic() - self._flushed_s > _FLUSH_S:
                self.flush(frame.trail.edges)
        except OSError as error:
            self._give_up(f"frame {frame.frame_id}", error)

    def lose(self, kind: str, frame_id: int, why: str) -> None:
        """Lists a frame that is not recorded, of a kind as `layout.kind` names it.

        Raises:
            RecordingFailed: the disk refuses it; the file is closed and opens up to its last flush.
        """
        try:
            _append_row(self._lost, (kind, frame_id, why), layout.LOST_ROW)
        except OSError as error:
            self._give_up(f"the loss of frame {frame_id}", error)

    def flush(self, edges: dict[str, EdgeCounts]) -> None:
        """Makes all that was written safe from the program's end, with the counts of the edges so far."""
        self._ledger.write(edges)
        self._file.flush()
        self._flushed_s = time.monotonic()

    def close(self, edges: dict[str, EdgeCounts] | None = None) -> None:
        """Flushes, and closes a file that it has opened itself; `edges` are the final counts.

        Raises:
            RecordingFailed: the disk refuses it; the file is closed and opens up to its last flush.
        """
        try:
            if edges:
                self.flush(edges)
            if self._live and self._file:
                self._file.flush()  # what the disk refuses, it refuses here: a file half closed could not be given up
                self._file.close()
            elif edges:
                ledger_text.write_final(self._file, edges)
        except OSError as error:
            self._give_up("the final counts", error)

    def _write_channels(self, frame: Channels) -> None:
        _append_frame(self._raw, layout.to_raw_row(frame.data))
        trail = frame.trail
        _append_row(self._raw_index, (frame.frame_id, trail.acquired_ns, trail.acquired_utc_ns), layout.RAW_ROW)

    def _write_image(self, frame: Image) -> None:
        _append_frame(self._bmode, frame.bmode)
        _append_frame(self._enhanced, frame.enhanced)
        trail = frame.trail
        origin = (frame.frame_id, trail.acquired_ns, trail.acquired_utc_ns)
        made = (frame.dynamic_range_db, frame.model, frame.device, frame.skipped, frame.revision, frame.strength)
        _append_row(self._image_index, (*origin, *made), layout.IMAGE_ROW)

    def _give_up(self, what: str, error: OSError) -> None:
        if not self._live:
            raise error
        hdf5.abandon(self._file, self.path)
        why = why_refused(error)
        raise RecordingFailed(
            f"{self.path}: {what} cannot be written: {why}; the recording opens up to its last flush"
        ) from error


def write_ledger(path: Path, edges: dict[str, EdgeCounts]) -> None:
    """Replaces the counts in a recording that is closed: the final ones are known only when every stage has ended.

    Raises:
        RecordingError: the file cannot be written.
    """
    try:
        with h5py.File(path, "r+", libver="latest") as file:
            ledger_text.write_final(file, edges)
    except (OSError, KeyError) as error:
        raise RecordingError(f"{path}: the ledger could not be written: {error}") from error


def remove_empty(path: Path) -> None:
    """Removes a recording without a single frame, if there is one: it would only block the next try."""
    try:
        with h5py.File(path, "r", libver="latest", swmr=True) as file:
            frames = [len(file[data]) for data in (layout.RAW, layout.BMODE) if data in file]
    except (OSError, KeyError):  # there is none, or it is none
        return
    if not any(frames):
        path.unlink()


def _append_frame(dataset: h5py.Dataset, frame: NDArray[Any] | None) -> None:
    """Adds a frame, past HDF5's buffers straight to the file; None leaves the row at the fill value."""
    if frame is not None and frame.shape != dataset.shape[1:]:
        raise RecordingError(f"{dataset.name}: a frame of shape {frame.shape} in a stream of {dataset.shape[1:]}")
    row = len(dataset)
    dataset.resize(row + 1, axis=0)
    if frame is not None:
        chunk = np.ascontiguousarray(frame, dataset.dtype)
        dataset.id.write_direct_chunk((row, *(0 for _ in frame.shape)), chunk)


def _append_row(dataset: h5py.Dataset, row: tuple[Any, ...], dtype: np.dtype[Any]) -> None:
    dataset.resize(len(dataset) + 1, axis=0)
    dataset[-1] = np.array(row, dtype)
