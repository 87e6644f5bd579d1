"""Reads MATLAB files made with MUST (Garcia, biomecardio.com/MUST): `RF` or complex `IQ`, and the struct `param`.

Signals are (sample, element, transmit, frame), or a cell of (sample, element) for each transmit. `param` is MUST's:
`fc`, `fs`, `pitch`, `width` or `kerf`, `bandwidth` in percent, `c`, `t0` (0 where it is missing) and `TXdelay`, a row a
transmit, NaN where an element is silent. Pulses are centred on the instant at which an element fires, and RF2IQ's
carrier counts on the same clock.
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
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.sanity import Claim, number

_SIGNALS = ("RF", "IQ")


def recognise(start: FileStart) -> bool:
    """Whether a MATLAB file holds `param` and signals."""
    if not matlab.is_matlab(start):
        return False
    held = matlab.names(start.path)
    return "param" in held and any(name in held for name in _SIGNALS)


def read_must(path: Path, options: ReadOptions) -> ForeignRecording:
    """The frames of a file.

    Raises:
        RecordingError: cut off, without what images need, or of a convex array.
    """
    with hdf5.reading(path, "MUST"):
        return admit(path, _describe(matlab.load(path, "param", *_SIGNALS)), options)


def _describe(held: dict[str, Any]) -> FileDescription:
    param = held["param"]
    if isinstance(param, list):
        raise ValueError("param is an array of structs; one is due")
    if np.isfinite(np.asarray(getattr(param, "radius", np.inf), float)).any():
        raise ValueError("param.radius is given; only linear arrays can be read")
    name = "RF" if "RF" in held else "IQ"
    delays_s = np.atleast_2d(np.asarray(matlab.field(param, "TXdelay", "param"), float))
    frames = _frames(held[name], name, len(delays_s))
    x_m = _element_x(param, delays_s.shape[1])
    return FileDescription(
        format="MUST",
        shape=frames.shape[1:],
        n_frames=frames.shape[0],
        read=lambda i: frames[i],
        dtype=frames.dtype,
        element_x_m=x_m,
        element_width_m=_width(param),
        center_frequency_hz=_claim(param, "fc"),
        fractional_bandwidth=number(_claim(param, "bandwidth")) / 100 if hasattr(param, "bandwidth") else None,
        sampling_frequency_hz=_claim(param, "fs"),
        sound_speed_m_s=Claim("param.c", getattr(param, "c", None)),
        initial_times_s=Claim("param.t0", getattr(param, "t0", 0.0)),
        firing=Firing(Claim("param.TXdelay", delays_s), Claim("param.TXdelay", np.isfinite(delays_s).astype(float))),
        demodulation_frequency_hz=_claim(param, "fc"),
    )


def _claim(param: Any, name: str) -> Claim:
    return Claim(f"param.{name}", matlab.field(param, name, "param"))


def _element_x(param: Any, n: int) -> Claim:
    told = int(number(Claim("param.Nelements", getattr(param, "Nelements", n))))
    if told != n:
        raise ValueError(f"param.TXdelay has {n} elements, param.Nelements is {told}")
    return Claim("param.pitch", (np.arange(n) - (n - 1) / 2) * number(_claim(param, "pitch")))


def _width(param: Any) -> Claim | None:
    if hasattr(param, "width"):
        return _claim(param, "width")
    if hasattr(param, "kerf"):
        return Claim("param.pitch less param.kerf", number(_claim(param, "pitch")) - number(_claim(param, "kerf")))
    return None


def _frames(signals: Any, name: str, n_tx: int) -> NDArray[Any]:
    """Signals as (frame, tx, rx, sample)."""
    stacked = np.stack([np.asarray(s) for s in signals], axis=-1) if isinstance(signals, list) else np.asarray(signals)
    while stacked.ndim < 4:
        stacked = stacked[..., np.newaxis]
    if n_tx == 1 and stacked.shape[3] == 1:
        stacked = stacked.swapaxes(2, 3)
    if stacked.ndim != 4 or stacked.shape[2] != n_tx:
        raise ValueError(
            f"{name} has shape {stacked.shape} for {n_tx} rows of param.TXdelay; (sample, element, tx) is due"
        )
    return stacked.transpose(3, 2, 1, 0)


FORMAT = FileFormat("MUST", recognise, read_must)
