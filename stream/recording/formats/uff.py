"""Reads USTB's ultrasound file format (UFF): HDF5 with an object of class `uff.channel_data` of any name.

Data are (frame, wave, channel, sample); MATLAB leaves out axes of one at the front. A shot's clock starts when its wave
passes the origin of coordinates, and `delay` of the wave is added to the time of its samples (`uff.channel_data.time`
and `midprocess.das` of USTB). A source on the array is a single element, whose pulse by that rule leaves it by its
distance from the origin later. I and Q were multiplied by a carrier on that clock, before `delay` is added.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.printable import named
from sonolucent.stream.recording import hdf5, hdf5_values, layout
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.parts import chosen
from sonolucent.stream.recording.formats.uff_waves import UffWave, read_wave
from sonolucent.stream.recording.formats.uff_writer import write_uff
from sonolucent.stream.recording.hdf5_values import attribute
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.read_budget import charge, shot_table
from sonolucent.stream.recording.sanity import Claim, number

_CLASS = "uff.channel_data"
_LOOKED_AT = 1000
"""Of what a file holds: one may be told of by a million names."""


def recognise(start: FileStart) -> bool:
    """Whether an object of the file has a class of USTB's."""
    if start.hdf5 is None or "format" in start.hdf5.attrs:
        return False
    first = islice(start.hdf5.values(), _LOOKED_AT)
    return any(_text(attribute(item, "class", "")).startswith("uff.") for item in first)


def read_uff(path: Path, options: ReadOptions | None = None) -> ForeignRecording:
    """An object of class `uff.channel_data`, the first by default.

    Raises:
        RecordingError: cut off, no such object, or one that lacks what images need.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "UFF (USTB)"):
        options = options or ReadOptions()
        charge(hdf5_values.OPEN_BYTES * len(file), "what it holds")
        found = [name for name, item in file.items() if _text(attribute(item, "class", "")) == _CLASS]
        if not found:
            raise ValueError(f"it holds no {_CLASS}, but {named(file)}; only channel data can be read")
        name, notes = chosen(found, options.part, _CLASS)
        return admit(path, _describe(file[name], notes, options), options)


def _describe(group: h5py.Group, notes: tuple[str, ...], options: ReadOptions) -> FileDescription:
    _require(group, "data", "sampling_frequency", "initial_time", "probe", "sequence", "pulse")
    data, is_iq = _data(group["data"])
    shape = (1,) * (4 - data.ndim) + data.shape
    x_m, width_m = _array(group["probe"])
    speed = _claim(group, "sound_speed")
    speed_m_s = options.sound_speed_m_s if speed.value is None else number(speed)
    waves = _waves(group["sequence"], speed_m_s)
    if len(waves) != shape[1]:
        raise ValueError(f"{group.name}/data of {shape} has {shape[1]} waves, its sequence {len(waves)}")
    delays_s, weights = _delays(waves, np.asarray(x_m.value))
    late_s = np.array([wave.delay_s for wave in waves])
    bandwidth = _claim(group["pulse"], "fractional_bandwidth").value
    rate = _claim(group, "PRF").value
    return FileDescription(
        format="UFF (USTB)",
        shape=shape[1:],
        n_frames=shape[0],
        read=lambda i: _frame(group["data"], is_iq, i, shape),
        dtype=np.dtype(np.complex64) if is_iq else data.dtype,
        element_x_m=x_m,
        element_width_m=width_m,
        center_frequency_hz=_claim(group["pulse"], "center_frequency"),
        fractional_bandwidth=number(Claim("fractional_bandwidth", bandwidth)) or None if np.size(bandwidth) else None,
        sampling_frequency_hz=_claim(group, "sampling_frequency"),
        sound_speed_m_s=speed,
        initial_times_s=Claim(f"{group.name}/initial_time", number(_claim(group, "initial_time")) + late_s),
        firing=Firing(Claim(f"{group.name}/sequence", delays_s), Claim(f"{group.name}/sequence", weights)),
        demodulation_frequency_hz=_claim(group, "modulation_frequency"),
        carrier_zero_s=late_s,
        frame_rate_hz=number(_claim(group, "PRF")) / len(waves) if np.size(rate) and np.any(rate) else None,
        notes=(*notes, *_window_note(waves)),
    )


def _require(group: h5py.Group, *names: str) -> None:
    missing = [name for name in names if not hdf5.holds(group, name) or _is_empty(group[name])]
    if missing:
        raise ValueError(f"{group.name.strip('/')} lacks {', '.join(missing)}; without them it cannot be imaged")


def _is_empty(item: h5py.Group | h5py.Dataset) -> bool:
    return item.size in (0, None) if isinstance(item, h5py.Dataset) else len(item) == 0


def _data(item: h5py.Group | h5py.Dataset) -> tuple[h5py.Dataset, bool]:
    """The dataset, or the real part of complex ones, and whether they are."""
    is_iq = isinstance(item, h5py.Group)
    part = item["real"] if is_iq else item
    if not 2 <= part.ndim <= 4:
        raise ValueError(f"{part.name} has shape {part.shape}; (frame, wave, channel, sample) is due")
    hdf5_values.require_filters(part)
    hdf5_values.require_chunks(part)
    return part, is_iq


def _frame(item: Any, is_iq: bool, i: int, shape: tuple[int, ...]) -> NDArray[Any]:
    if is_iq:
        return np.asarray(_row(item["real"], i, shape) + 1j * _row(item["imag"], i, shape), np.complex64)
    return _row(item, i, shape)


def _row(dataset: h5py.Dataset, i: int, shape: tuple[int, ...]) -> NDArray[Any]:
    return hdf5_values.read(dataset, i if dataset.ndim == 4 else ...).reshape(shape[1:])


def _array(probe: h5py.Group) -> tuple[Claim, Claim | None]:
    """The x of elements, and their width."""
    if hdf5.holds(probe, "geometry"):
        geometry = np.asarray(layout.read_values(probe["geometry"]), float)
        rows = geometry.T if len(geometry) == 7 else geometry
        width = Claim(f"the width by {probe.name}/geometry", rows[:, 5].max()) if rows.shape[1] > 5 else None
        return along_the_array(Claim(f"{probe.name}/geometry", rows)), width
    n, pitch_m = int(number(_claim(probe, "N"))), number(_claim(probe, "pitch"))
    if not 1 < n < 1 << 16:
        raise ValueError(f"{probe.name}/N is {n}; from 2 elements on can be read")
    width = _claim(probe, "element_width")
    x_m = (np.arange(n) - (n - 1) / 2) * pitch_m
    return Claim(f"{probe.name}/pitch", x_m), width if np.size(width.value) and width.value is not None else None


def _waves(sequence: h5py.Group, sound_speed_m_s: float | None) -> list[UffWave]:
    names = [name for name in hdf5.members(sequence) if name.startswith("sequence_")]
    return [read_wave(sequence[name], sound_speed_m_s) for name in names or ["."]]


def _delays(waves: list[UffWave], x_m: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each element fires in each shot, and its weight, (n_waves, n_el)."""
    table = shot_table((np.stack(wave.fires(x_m)) for wave in waves), f"{len(waves)} waves")
    return table[:, 0], table[:, 1]


def _window_note(waves: list[UffWave]) -> tuple[str, ...]:
    if not any(wave.has_window for wave in waves):
        return ()
    return ("transmit apodization is given as a rule (a window and an f-number); all elements are taken to fire alike",)


def _claim(group: h5py.Group, name: str) -> Claim:
    is_there = hdf5.holds(group, name) and isinstance(group[name], h5py.Dataset) and group[name].size
    return Claim(f"{group.name}/{name}".strip("/"), layout.read_values(group[name]) if is_there else None)


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


FORMAT = FileFormat("UFF (USTB)", recognise, read_uff, ".uff", write_uff)
