"""Reads plain NumPy arrays, `.npy` or `.npz`, with a TOML file of the same name beside them that says what they are.

The TOML's keys are the names of `Acquisition`, `Probe` and `write_recording`. Arrays are (frame, tx, rx, sample); an
`.npz` calls them `frames`, and may hold `delays_s` and `apodization` of a sequence.
"""

from __future__ import annotations

import tokenize
import tomllib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.errors import RecordingError
from sonolucent.stream.printable import named
from sonolucent.stream.recording import hdf5
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing, single_elements
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.wave_delays import plane_wave_delays_s
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.read_budget import charge, shot_table
from sonolucent.stream.recording.sanity import Claim, number, numbers

_NPY, _ZIP = b"\x93NUMPY", b"PK\x03\x04"
_MAX_BYTES = 1 << 33
# What NumPy and zipfile raise on wrong bytes, by trial, beside OSError and ValueError.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    SyntaxError,
    tokenize.TokenError,
    MemoryError,
    RuntimeError,  # of what is encrypted
)
_REQUIRED = ("pitch_m", "center_frequency_hz", "sampling_frequency_hz", "initial_time_s")
_OPTIONAL = (
    "n_elements",
    "element_width_m",
    "fractional_bandwidth",
    "tx_elements",
    "sound_speed_m_s",
    "demodulation_frequency_hz",
    "plane_wave_angles_deg",
    "frame_rate_hz",
)


def recognise(start: FileStart) -> bool:
    """Whether the file is NumPy's."""
    return start.head.startswith(_NPY) or (start.head.startswith(_ZIP) and start.path.suffix == ".npz")


def read_arrays(path: Path, options: ReadOptions) -> ForeignRecording:
    """The frames of a file.

    Raises:
        RecordingError: cut off, or the TOML file is missing, wrong, or does not fit the arrays.
    """
    said = _read_toml(path, path.with_suffix(".toml"))
    with hdf5.reading(path, "NumPy"):
        try:
            arrays = _load(path)
        except DAMAGED as error:
            raise ValueError(f"cannot be read: {error}; is it complete?") from error
        return admit(path, _describe(arrays, said), options)


def _read_toml(path: Path, toml: Path) -> dict[str, Any]:
    if not toml.is_file():
        raise RecordingError(
            f"{path}: a NumPy file needs {toml.name} beside it, with {', '.join(_REQUIRED)} and sound_speed_m_s; "
            "docs/how-to/convert.md has an example"
        )
    try:
        said = tomllib.loads(toml.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise RecordingError(f"{toml}: {error}") from error
    known = (*_REQUIRED, *_OPTIONAL)
    unknown, missing = sorted(set(said) - set(known)), [key for key in _REQUIRED if key not in said]
    if unknown:
        raise RecordingError(f"{toml}: no key {unknown[0]}; there are {', '.join(known)}")
    if missing:
        raise RecordingError(f"{toml}: {', '.join(missing)} missing")
    return said


def _load(path: Path) -> dict[str, NDArray[Any]]:
    if not zipfile.is_zipfile(path):
        return {"frames": np.load(path, mmap_mode="r", allow_pickle=False)}
    require_archive(path)
    with np.load(path, allow_pickle=False) as held:
        arrays = {name: held[name] for name in ("frames", "delays_s", "apodization") if name in held}
        if "frames" not in arrays:
            raise ValueError(f"it holds {named(held)}; call the channel data frames")
    return arrays


def require_archive(path: Path) -> None:
    """Refuses an `.npz` that would take far more memory than it has bytes.

    Raises:
        ValueError: it claims more than a file of its size may take.
        OSError, one of DAMAGED: it cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        n_bytes = sum(member.file_size for member in archive.infolist())
        if n_bytes > _MAX_BYTES:
            raise ValueError(f"it claims to unpack to {n_bytes} bytes; save it unpacked (.npy)")
        charge(n_bytes, f"{n_bytes} bytes that it claims to unpack to")
        for member in archive.infolist():
            _require_header(archive, member)


def _require_header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Refuses an array that claims to be larger than its bytes, before memory is taken for it."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(file)
    if np.prod(shape, dtype=float) * dtype.itemsize > member.file_size:
        raise ValueError(f"{member.filename} claims {shape} {dtype}, more than its {member.file_size} bytes")


def _describe(arrays: dict[str, NDArray[Any]], said: dict[str, Any]) -> FileDescription:
    frames = arrays["frames"][np.newaxis] if arrays["frames"].ndim == 3 else arrays["frames"]
    if frames.ndim != 4:
        raise ValueError(f"frames have shape {frames.shape}; (frame, tx, rx, sample) is due")
    n = int(number(Claim("n_elements", said.get("n_elements", frames.shape[2]))))
    if not 1 < n < 1 << 16:
        raise ValueError(f"n_elements is {n}; from 2 elements on can be read")
    x_m = (np.arange(n) - (n - 1) / 2) * number(Claim("pitch_m", said["pitch_m"]))
    rate = said.get("frame_rate_hz")
    return FileDescription(
        format="NumPy",
        shape=frames.shape[1:],
        n_frames=frames.shape[0],
        read=lambda i: frames[i],
        dtype=frames.dtype,
        element_x_m=Claim("pitch_m", x_m),
        element_width_m=Claim("element_width_m", said["element_width_m"]) if "element_width_m" in said else None,
        center_frequency_hz=Claim("center_frequency_hz", said["center_frequency_hz"]),
        fractional_bandwidth=said.get("fractional_bandwidth"),
        sampling_frequency_hz=Claim("sampling_frequency_hz", said["sampling_frequency_hz"]),
        sound_speed_m_s=Claim("sound_speed_m_s", said.get("sound_speed_m_s")),
        initial_times_s=Claim("initial_time_s", said["initial_time_s"]),
        demodulation_frequency_hz=Claim("demodulation_frequency_hz", said.get("demodulation_frequency_hz")),
        frame_rate_hz=None if rate is None else number(Claim("frame_rate_hz", rate)),
        firing=_firing(arrays, said, frames.shape[1], x_m),
    )


def _firing(arrays: dict[str, NDArray[Any]], said: dict[str, Any], n_tx: int, x_m: NDArray[Any]) -> Firing:
    """Delays and apodization: the arrays', of plane waves, or of single elements."""
    if "delays_s" in arrays:
        weights = arrays.get("apodization", np.ones_like(arrays["delays_s"]))
        return Firing(Claim("delays_s", arrays["delays_s"]), Claim("apodization", weights))
    if "plane_wave_angles_deg" in said:
        return _plane_waves(said, x_m)
    elements = np.atleast_1d(numbers(Claim("tx_elements", said.get("tx_elements", np.arange(n_tx))))).astype(int)
    if len(elements) != n_tx or elements.min(initial=0) < 0 or elements.max(initial=0) >= len(x_m):
        raise ValueError(
            f"frames have {n_tx} transmits, tx_elements names {len(elements)} of {len(x_m)}; give tx_elements, "
            "plane_wave_angles_deg, or delays_s in an .npz"
        )
    return single_elements(elements, len(x_m))


def _plane_waves(said: dict[str, Any], x_m: NDArray[Any]) -> Firing:
    """Each shot's first element fires at 0, as `TransmitSequence.plane_waves` has it."""
    if "sound_speed_m_s" not in said:
        raise ValueError("plane_wave_angles_deg needs sound_speed_m_s, by which the delays were made")
    angles_rad = np.deg2rad(np.atleast_1d(numbers(Claim("plane_wave_angles_deg", said["plane_wave_angles_deg"]))))
    speed_m_s = number(Claim("sound_speed_m_s", said["sound_speed_m_s"]))
    delays_s = shot_table(
        (plane_wave_delays_s(x_m, angle, speed_m_s) for angle in angles_rad), f"{len(angles_rad)} waves"
    )
    delays_s -= delays_s.min(axis=1, keepdims=True)
    field = "plane_wave_angles_deg"
    return Firing(Claim(field, delays_s), Claim(field, np.ones_like(delays_s)))


FORMAT = FileFormat("NumPy", recognise, read_arrays)
