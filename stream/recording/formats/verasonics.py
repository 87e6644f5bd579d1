"""Reads what Verasonics' Vantage leaves in MATLAB: `RcvData` with `Trans`, `TX`, `TW`, `Receive`, `Resource`, `Event`.

Distances and delays are in wavelengths of `Trans.frequency` at `Resource.Parameters.speedOfSound`. A shot's clock
starts when its first element is driven; the first sample comes at 2 `startDepth`, and echoes come later by the peak of
the pulse (`TW.peak`) and twice the lens (`Trans.lensCorrection`). Built from what is documented of these structures and
from how USTB and zea read them; not checked against a recording.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats import matlab
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.verasonics_events import Shot, first_frame
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.sanity import Claim, number, numbers

_STRUCTS = ("Trans", "TX", "TW", "Receive", "Resource")


def recognise(start: FileStart) -> bool:
    """Whether a MATLAB file holds `RcvData`."""
    return matlab.is_matlab(start) and "RcvData" in matlab.names(start.path)


def read_verasonics(path: Path, options: ReadOptions) -> ForeignRecording:
    """The frames of the first receive buffer.

    Raises:
        RecordingError: cut off, without a structure, sampled at less than 200 % bandwidth, or of a multiplexed probe.
    """
    with hdf5.reading(path, "Verasonics"):
        held = matlab.load(path, "RcvData", "Event", *_STRUCTS)
        missing = [name for name in _STRUCTS if name not in held]
        if missing:
            raise ValueError(f"RcvData is there, but {', '.join(missing)} is not; save them with it")
        return admit(path, _describe(held, options), options)


def _describe(held: dict[str, Any], options: ReadOptions) -> FileDescription:
    trans, resource = held["Trans"], held["Resource"]
    speed = Claim("Resource.Parameters.speedOfSound", getattr(resource.Parameters, "speedOfSound", None))
    mhz = number(Claim("Trans.frequency", matlab.field(trans, "frequency", "Trans")))
    wave_s = 1e-6 / mhz if mhz > 0 else float("nan")
    # Of the file's wavelengths, whatever the speed of sound in the medium.
    speed_m_s = number(speed) if speed.value is not None else options.sound_speed_m_s or 0.0
    unit_m = _unit_m(trans, speed_m_s * wave_s)
    shots = first_frame(held)
    x_m = _element_x(trans, unit_m)
    n = len(x_m.value)
    rows = _columns(trans, n)
    buffer = np.asarray(matlab.listed(held["RcvData"])[0])
    buffer = buffer[..., np.newaxis] if buffer.ndim == 2 else buffer
    peaks_s = np.array([shot.peak_waves for shot in shots]) * wave_s
    lens_s = number(Claim("Trans.lensCorrection", getattr(trans, "lensCorrection", 0.0) or 0.0)) * _lens(
        unit_m, speed_m_s
    )
    starts_s = np.array([2 * shot.start_depth_waves for shot in shots]) * wave_s
    bandwidth = np.asarray(getattr(trans, "Bandwidth", ()), float).ravel()
    lengths = {shot.end - shot.start for shot in shots}
    if len(lengths) != 1:
        raise ValueError(f"Receive: shots of {min(lengths)} to {max(lengths)} samples; those of one length can be read")
    return FileDescription(
        format="Verasonics",
        shape=(len(shots), n, lengths.pop()),
        n_frames=buffer.shape[2],
        read=lambda i: _frame(buffer[..., i], shots, rows),
        dtype=buffer.dtype,
        element_x_m=x_m,
        element_width_m=_width(trans, unit_m),
        center_frequency_hz=Claim("Trans.frequency", mhz * 1e6),
        fractional_bandwidth=float(np.ptp(bandwidth)) / mhz if bandwidth.size == 2 else None,
        sampling_frequency_hz=Claim("Receive.decimSampleRate", shots[0].sampling_mhz * 1e6),
        sound_speed_m_s=speed,
        initial_times_s=Claim("Receive.startDepth", starts_s - peaks_s - 2 * lens_s),
        firing=Firing(
            Claim("TX.Delay", _stacked([shot.delay_waves for shot in shots], n, "TX.Delay") * wave_s),
            Claim("TX.Apod", _stacked([shot.apodization for shot in shots], n, "TX.Apod")),
        ),
        notes=("read as Verasonics' structures are documented; check a wire's depth before you trust time zero",),
    )


def _unit_m(trans: Any, wavelength_m: float) -> float:
    units = getattr(trans, "units", "mm")
    if units not in ("mm", "wavelengths"):
        raise ValueError(f"Trans.units is {units!r}; mm or wavelengths is due")
    if units == "wavelengths" and not wavelength_m > 0:
        raise ValueError("Trans.units is wavelengths, but Resource.Parameters.speedOfSound is missing; add it in m/s")
    return 1e-3 if units == "mm" else wavelength_m


def _lens(unit_m: float, speed_m_s: float) -> float:
    """Seconds of a unit of length."""
    return unit_m / speed_m_s if speed_m_s > 0 else 0.0


def _element_x(trans: Any, unit_m: float) -> Claim:
    positions = numbers(Claim("Trans.ElementPos", matlab.field(trans, "ElementPos", "Trans")))
    # MATLAB 7.3 keeps (component, element) when there is one of them only.
    rows = positions if positions.ndim == 2 and positions.shape[1] in (3, 4, 5) else positions.T
    return along_the_array(Claim("Trans.ElementPos", rows * unit_m))


def _width(trans: Any, unit_m: float) -> Claim | None:
    width = getattr(trans, "elementWidth", None)
    return None if width is None else Claim("Trans.elementWidth", number(Claim("Trans.elementWidth", width)) * unit_m)


def _columns(trans: Any, n: int) -> NDArray[np.int_]:
    """The column of `RcvData` of each element."""
    connector = getattr(trans, "ConnectorES", getattr(trans, "Connector", None))
    if connector is None:
        return np.arange(n)
    columns = numbers(Claim("Trans.Connector", connector)).astype(int).ravel() - 1
    if len(columns) != n or sorted(set(columns)) != sorted(columns):
        raise ValueError(
            f"Trans.Connector names {len(columns)} channels for {n} elements; multiplexed probes are not read"
        )
    return columns


def _frame(buffer: NDArray[Any], shots: list[Shot], columns: NDArray[np.int_]) -> NDArray[Any]:
    if columns.max() >= buffer.shape[1] or max(shot.end for shot in shots) > buffer.shape[0]:
        raise ValueError(f"RcvData has shape {buffer.shape}; Receive and Trans.Connector reach beyond it")
    return np.stack([buffer[shot.start : shot.end, columns].T for shot in shots])


def _stacked(rows: list[NDArray[np.float64]], n: int, field: str) -> NDArray[np.float64]:
    if any(row.shape != (n,) for row in rows):
        raise ValueError(f"{field} has {rows[0].size} values for {n} elements; whole apertures can be read")
    return np.stack(rows)


FORMAT = FileFormat("Verasonics", recognise, read_verasonics)
