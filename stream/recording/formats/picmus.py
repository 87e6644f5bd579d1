"""Reads files of the plane-wave imaging challenge PICMUS (Liebgott et al., IUS 2016): HDF5 with `US/US_DATASET0000`.

Data are `data/real` and `data/imag`, (angle, element, sample). Time counts from the instant at which the centre of a
plane wave passes the origin, which the challenge's own beamformer assumes. I and Q have their `modulation_frequency`
on that clock; of RF it is 0 and `imag` is zero.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, hdf5_values, layout
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.wave_delays import plane_wave_delays_s
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.read_budget import shot_table
from sonolucent.stream.recording.sanity import Claim, number, numbers

_PLACE = "US/US_DATASET0000"
_REQUIRED = ("data", "angles", "probe_geometry", "sampling_frequency", "initial_time", "modulation_frequency")
# The challenge's L11 probe, which its files do not describe.
_CENTER_HZ, _BANDWIDTH, _WIDTH_M = 5.208e6, 0.67, 0.27e-3


def recognise(start: FileStart) -> bool:
    """Whether the file has the challenge's group."""
    return start.hdf5 is not None and _PLACE in start.hdf5


def read_picmus(path: Path, options: ReadOptions) -> ForeignRecording:
    """The one frame of a file.

    Raises:
        RecordingError: cut off, or without what images need.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "PICMUS"):
        return admit(path, _describe(file[_PLACE], options), options)


def _describe(group: h5py.Group, options: ReadOptions) -> FileDescription:
    missing = [name for name in _REQUIRED if not hdf5.holds(group, name)]
    if missing:
        raise ValueError(f"{_PLACE} lacks {', '.join(missing)}; without them there is no image")
    real, imaginary = group["data/real"], group["data"].get("imag")
    angles_rad = np.atleast_1d(numbers(_claim(group, "angles")).squeeze())
    if real.ndim == 2:
        raise ValueError(f"data/real has shape {real.shape}; (angle, element, sample) is due")
    demodulation_hz = number(_claim(group, "modulation_frequency"))
    geometry = numbers(_claim(group, "probe_geometry"))
    x_m = along_the_array(Claim(f"{_PLACE}/probe_geometry", geometry.T if len(geometry) == 3 else geometry))
    speed = _claim(group, "sound_speed") if hdf5.holds(group, "sound_speed") else Claim(f"{_PLACE}/sound_speed", None)
    # Without either, the file is refused before delays matter.
    speed_m_s = number(speed) if speed.value is not None else options.sound_speed_m_s or np.inf
    delays_s = shot_table(
        (plane_wave_delays_s(x_m.value, angle, speed_m_s) for angle in angles_rad), f"{len(angles_rad)} waves"
    )
    is_iq = demodulation_hz > 0
    width = Claim("the probe's width", _WIDTH_M)
    return FileDescription(
        format="PICMUS",
        shape=real.shape,
        n_frames=1,
        read=lambda _: _frame(real, imaginary if is_iq else None),
        dtype=np.dtype(np.complex64) if is_iq else real.dtype,
        element_x_m=x_m,
        element_width_m=width if abs(np.diff(x_m.value).mean()) >= _WIDTH_M else None,
        center_frequency_hz=Claim("the probe's centre frequency", _CENTER_HZ),
        fractional_bandwidth=_BANDWIDTH,
        sampling_frequency_hz=_claim(group, "sampling_frequency"),
        sound_speed_m_s=speed,
        initial_times_s=_claim(group, "initial_time"),
        firing=Firing(Claim(f"{_PLACE}/angles", delays_s), Claim(f"{_PLACE}/angles", np.ones_like(delays_s))),
        demodulation_frequency_hz=_claim(group, "modulation_frequency"),
        notes=(
            f"the file does not describe the pulse; that of the challenge's probe is taken ({_CENTER_HZ / 1e6:g} MHz)",
        ),
    )


def _frame(real: h5py.Dataset, imaginary: h5py.Dataset | None) -> NDArray[Any]:
    frame = hdf5_values.read(real)
    return frame if imaginary is None else (frame + 1j * hdf5_values.read(imaginary)).astype(np.complex64)


def _claim(group: h5py.Group, name: str) -> Claim:
    return Claim(f"{_PLACE}/{name}", layout.read_values(group[name]))


FORMAT = FileFormat("PICMUS", recognise, read_picmus)
