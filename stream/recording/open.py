"""Opens a recording of any format that can be read, by its content."""

from __future__ import annotations

import os
from pathlib import Path

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.any_recording import AnyRecording

_HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


def open_recording(path: str | os.PathLike[str]) -> AnyRecording:
    """The recording in the file at `path`: `rec.acquisition`, `len(rec)`, `rec[i]` (n_tx, n_rx, n_samples).

    Reads this project's HDF5 layout (docs/reference/recording.md), zea 0.1, USTB UFF, MFMC 2.0 and BRAIN `.mat` files.

    Raises:
        RecordingError: the file is missing, damaged, or of none of these formats.
    """
    file = Path(path)
    magic = _first_bytes(file, 8)
    if magic == _HDF5_MAGIC:
        return _open_hdf5(file)
    if magic in (b"MATLAB 5", b"MATLAB 7"):
        from sonolucent.stream.recording.formats.brain import BrainRecording

        return BrainRecording(file)
    raise RecordingError(
        f"{file}: of no format that can be read (Sonolucent, zea, UFF, MFMC, and BRAIN in MATLAB 5 or 7.3); "
        "docs/extend/file-format.md says how to bring others in"
    )


def _open_hdf5(path: Path) -> AnyRecording:
    from sonolucent.stream.recording import hdf5

    with hdf5.open_for_reading(path) as file, hdf5.reading(path, "any known format"):
        is_zea, is_mfmc = "zea_version" in file.attrs, "TYPE" in file.attrs
        is_uff = "format" not in file.attrs and "channel_data" in file
    if is_mfmc:
        from sonolucent.stream.recording.formats.mfmc import read_mfmc

        return read_mfmc(path)
    if is_zea:
        from sonolucent.stream.recording.formats.zea import read_zea

        return read_zea(path)
    if is_uff:
        from sonolucent.stream.recording.formats.uff import read_uff

        return read_uff(path)
    from sonolucent.stream.recording.reader import Recording

    return Recording(path)


def _first_bytes(path: Path, n: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(n)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}; check the path") from error
