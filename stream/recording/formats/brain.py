"""Reads BRAIN `.mat` files, MATLAB 5 and 7.3: full- and half-matrix captures of a linear array in contact with the
medium.

The layout is that of the struct `exp_data` of BRAIN and arim (University of Bristol): `time_data` (n_samples,
n_traces), 1-based `tx` and `rx` (n_traces), `time` in s, and `array` with element centres `el_xc`, `el_zc`, the
middle of an edge `el_x1`, `el_x2` in m, and `centre_freq` in Hz.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, Probe
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.formats import mat5, mat73
from sonolucent.stream.recording.formats.full_matrix import full_matrix


class BrainRecording:
    """One frame of channel data (n_tx, n_rx, n_samples), float32, in the file's own units.

    Half matrices (each pair of elements once) are completed by reciprocity. `time` is taken as the file gives it: its
    zero is t = 0 of the acquisition.

    Raises:
        RecordingError: the file is missing, cut off, has no `exp_data`, or describes anything but a linear array.
    """

    format = "BRAIN"
    frame_rate_hz: float | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        experiment = _load(path)
        try:
            self.acquisition, self._frame = _read(experiment)
        except (AttributeError, ValueError, TypeError, IndexError) as error:
            raise RecordingError(f"{path}: {error}; is exp_data complete?") from error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> NDArray[Any]:
        if index not in (0, -1):
            raise IndexError(f"{self.path} holds one frame; there is no frame {index}")
        return self._frame

    def __iter__(self) -> Iterator[NDArray[Any]]:
        yield self._frame


def _variables(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        if file.read(len(mat73.MAGIC)) == mat73.MAGIC:
            return mat73.variables(path)
    return mat5.variables(memoryview(path.read_bytes()))


def _load(path: Path) -> Any:
    names = []
    try:
        for name, value in _variables(path):
            if name == "exp_data":
                return value
            names.append(name)
    except RecordingError:
        raise
    except (OSError, ValueError) as error:
        raise RecordingError(f"{path}: cannot be read as a MATLAB file ({error}); is it complete?") from error
    held = ", ".join(name for name in names if name and not name.startswith("__")) or "nothing"
    raise RecordingError(f"{path}: no exp_data in this MATLAB file, so it is not BRAIN's; it holds {held}")


def _read(experiment: Any) -> tuple[Acquisition, NDArray[np.float32]]:
    time_s = np.atleast_1d(np.asarray(experiment.time, float))
    probe = _probe(experiment.array)
    traces = np.asarray(experiment.time_data).reshape(len(time_s), -1).T
    tx, rx = (np.atleast_1d(np.asarray(v, int)) - 1 for v in (experiment.tx, experiment.rx))
    frame, elements = full_matrix(traces, tx, rx, probe.n_elements)
    acquisition = Acquisition(
        probe=probe,
        tx_elements=elements,
        n_samples=len(time_s),
        sampling_frequency_hz=(len(time_s) - 1) / (time_s[-1] - time_s[0]),
        initial_time_s=float(time_s[0]),
        sound_speed_m_s=_sound_speed(experiment),
    )
    return acquisition, frame


def _probe(array: Any) -> Probe:
    x = np.asarray(array.el_xc, float)
    pitch = float(np.diff(x).mean())
    if pitch <= 0 or np.ptp(np.diff(x)) > 1e-3 * pitch or np.ptp(np.asarray(array.el_zc)) > 1e-3 * pitch:
        raise ValueError("the elements are not in a straight line at one pitch, from left to right")
    if abs(x.mean()) > 1e-3 * pitch:
        raise ValueError(f"the array is centred on x = {x.mean():g} m instead of 0")
    half_width = max(float(np.abs(np.asarray(edge) - x).max()) for edge in (array.el_x1, array.el_x2))
    return Probe.linear(
        n_elements=len(x),
        pitch_m=pitch,
        element_width_m=2 * half_width,
        center_frequency_hz=float(array.centre_freq),
    )


def _sound_speed(experiment: Any) -> float:
    if hasattr(experiment, "ph_velocity"):
        return float(experiment.ph_velocity)
    if hasattr(experiment, "material"):
        return float(np.atleast_1d(experiment.material.vel_spherical_harmonic_coeffs)[0])
    raise ValueError("neither ph_velocity nor material gives a speed of sound")
