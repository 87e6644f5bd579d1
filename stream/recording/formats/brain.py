"""Reads BRAIN `.mat` files, MATLAB 5 and 7.3: full- and half-matrix captures of a linear array in contact with the
medium.

The layout is that of the struct `exp_data` of BRAIN and arim (University of Bristol): `time_data` (n_samples,
n_traces), 1-based `tx` and `rx` (n_traces), `time` in s, and `array` with element centres `el_xc`, `el_zc`, the
middle of an edge `el_x1`, `el_x2` in m, and `centre_freq` in Hz. `time` is taken as the file gives it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, single_elements
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats import matlab
from sonolucent.stream.recording.formats.full_matrix import full_matrix
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.sanity import Claim, number, numbers


def recognise(start: FileStart) -> bool:
    """Whether a MATLAB file holds `exp_data`."""
    return matlab.is_matlab(start) and "exp_data" in matlab.names(start.path)


def read_brain(path: Path, options: ReadOptions) -> ForeignRecording:
    """One frame of channel data, float32, in the file's own units; half matrices are completed by reciprocity.

    Raises:
        RecordingError: the file is cut off, or describes anything but a linear array.
    """
    with hdf5.reading(path, "BRAIN"):
        experiment = matlab.load(path, "exp_data")["exp_data"]
        return admit(path, _describe(experiment), options)


def _describe(experiment: Any) -> FileDescription:
    time_s = np.atleast_1d(numbers(_claim(experiment, "time")))
    if len(time_s) < 2 or time_s[-1] <= time_s[0]:
        raise ValueError("exp_data.time is no rising axis of two or more samples")
    array = matlab.field(experiment, "array", "exp_data")
    x_m = _element_x(array)
    traces = np.asarray(matlab.field(experiment, "time_data", "exp_data"))
    if traces.size % len(time_s):
        raise ValueError(
            f"exp_data.time_data of {traces.shape} does not fit the {len(time_s)} samples of exp_data.time"
        )
    tx, rx = (np.atleast_1d(numbers(_claim(experiment, name)).astype(int)) - 1 for name in ("tx", "rx"))
    frame, elements = full_matrix(traces.reshape(len(time_s), -1).T, tx, rx, x_m.size)
    return FileDescription(
        format="BRAIN",
        shape=frame.shape,
        n_frames=1,
        read=lambda _: frame,
        dtype=frame.dtype,
        element_x_m=Claim("exp_data.array.el_xc", x_m),
        element_width_m=_width(array, x_m),
        center_frequency_hz=Claim("exp_data.array.centre_freq", matlab.field(array, "centre_freq", "exp_data.array")),
        sampling_frequency_hz=Claim("the rate of exp_data.time", (len(time_s) - 1) / (time_s[-1] - time_s[0])),
        sound_speed_m_s=_sound_speed(experiment),
        initial_times_s=Claim("exp_data.time", time_s[0]),
        firing=single_elements(elements, x_m.size),
    )


def _claim(experiment: Any, name: str) -> Claim:
    return Claim(f"exp_data.{name}", matlab.field(experiment, name, "exp_data"))


def _element_x(array: Any) -> NDArray[np.float64]:
    x_m = np.atleast_1d(numbers(Claim("exp_data.array.el_xc", matlab.field(array, "el_xc", "exp_data.array"))))
    z_m = numbers(Claim("exp_data.array.el_zc", matlab.field(array, "el_zc", "exp_data.array")))
    if np.ptp(z_m) > 1e-3 * np.abs(np.diff(x_m)).mean():
        raise ValueError("exp_data.array.el_zc varies: the elements are not in a straight line")
    return x_m


def _width(array: Any, x_m: NDArray[np.float64]) -> Claim:
    edges = [
        numbers(Claim(f"exp_data.array.{e}", matlab.field(array, e, "exp_data.array"))) for e in ("el_x1", "el_x2")
    ]
    return Claim("the width by exp_data.array.el_x1", 2 * max(float(np.abs(edge - x_m).max()) for edge in edges))


def _sound_speed(experiment: Any) -> Claim:
    if hasattr(experiment, "ph_velocity"):
        return Claim("exp_data.ph_velocity", number(Claim("exp_data.ph_velocity", experiment.ph_velocity)))
    coefficients = getattr(getattr(experiment, "material", None), "vel_spherical_harmonic_coeffs", None)
    if coefficients is None:
        return Claim("the speed of sound (exp_data.ph_velocity or exp_data.material)", None)
    return Claim("exp_data.material.vel_spherical_harmonic_coeffs", np.atleast_1d(coefficients)[0])


FORMAT = FileFormat("BRAIN", recognise, read_brain)
