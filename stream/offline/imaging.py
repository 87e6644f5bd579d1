"""From a recording to images in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from sonolucent.beamform import BModeImager, ImageGrid, NotFiniteError
from sonolucent.beamform.imager import BeamformingMethod
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Image, Stream, Trail
from sonolucent.stream.offline.enhancement import Enhancement, enhancement
from sonolucent.stream.offline.pictures import write_hdf5, write_mp4, write_png
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import open_recording

_WRITERS = {".png": write_png, ".mp4": write_mp4, ".h5": write_hdf5}


def image_recording(
    file: Path,
    out: Path,
    *,
    method: BeamformingMethod = "fourier",
    transmits: int | None = None,
    enhance: str = "none",
    frame: int = 0,
    dynamic_range_db: float = 60.0,
) -> tuple[int, tuple[int, int]]:
    """Beamforms frames of a recording, and enhances them.

    Args:
        file: the recording.
        out: the new file; its suffix decides: .png (one frame), .mp4, .h5 (the images in dB with their axes).
        method: "fourier", or "das" (delay-and-sum, slow and plain).
        transmits: how many of the transmits to use, evenly spread; all by default.
        enhance: what enhances the images, as `sonolucent.nn.Enhancer` takes it, or "frequency-compound",
            "steering-compound". The HDF5 file then holds both.
        frame: the frame that becomes a PNG.
        dynamic_range_db: of the images.

    Returns:
        How many images are in the new file, and their shape (n_z, n_x).

    Raises:
        RecordingError: the recording cannot be read, or the new file not be written.
        ConfigError: an argument cannot be used, or a frame holds values that are not finite.
    """
    write = _writer(out)
    recording = open_recording(file)
    if not 0 <= frame < len(recording):
        raise ConfigError(f"{file} holds {len(recording)} frames of channel data; there is no {frame}")
    shots = _spread(recording.acquisition.n_tx, transmits)
    acquisition = replace(recording.acquisition, tx_elements=[recording.acquisition.tx_elements[i] for i in shots])
    grid = ImageGrid.for_acquisition(recording.acquisition)
    try:
        stream = Stream(acquisition, grid, recording.frame_rate_hz)
        imager = BModeImager(acquisition, grid, method=method, dynamic_range_db=dynamic_range_db)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    wanted = range(frame, frame + 1) if out.suffix == ".png" else range(len(recording))
    write(out, stream, _images(recording, wanted, shots, imager, enhancement(enhance, imager)))
    return len(wanted), grid.shape


def _images(
    recording: AnyRecording, wanted: range, shots: Sequence[int], imager: BModeImager, enhance: Enhancement
) -> Iterator[Image]:
    for i in wanted:
        try:
            bmode = imager(np.ascontiguousarray(recording[i][shots]))
        except NotFiniteError as error:
            raise ConfigError(f"{recording.path} frame {i}: {error}") from error
        yield enhance(Image(i, bmode[np.newaxis], imager.dynamic_range_db, trail=Trail.begin()))


def _spread(n_tx: int, n_wanted: int | None) -> list[int]:
    """`n_wanted` of 0..n_tx-1, symmetric and evenly spread."""
    n = n_tx if n_wanted is None else n_wanted
    if not 1 <= n <= n_tx:
        raise ConfigError(f"transmits must lie in 1..{n_tx}, not {n}")
    return [int((i + 0.5) * n_tx / n) for i in range(n)]


def _writer(out: Path) -> Callable[[Path, Stream, Iterator[Image]], None]:
    if out.suffix not in _WRITERS:
        raise ConfigError(f"{out}: a suffix of {', '.join(_WRITERS)} says what to write")
    if not out.parent.is_dir():
        raise ConfigError(f"{out}: the folder does not exist")
    return _WRITERS[out.suffix]
