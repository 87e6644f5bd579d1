"""Writes USTB's ultrasound file format (UFF); the clock and the axes are described in `uff`.

The attributes of groups and datasets are those that USTB's own `uff.write` gives them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.transmit_waves import DivergingWave, PlaneWave, TransmitWave, find_waves
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.formats.uff_waves import PLANE, SPHERICAL
from sonolucent.stream.recording.whole_hdf5 import whole_file

_LOCATION = "channel_data"
# A hundredth of a sample at 100 MHz.
_SAME_S = 1e-10


def write_uff(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording of at least one frame; those at baseband as complex numbers.

    Raises:
        OutputError, OSError: the file exists or cannot be written.
        RecordingError: shots are no plane or spherical waves, which is all that UFF describes.
    """
    acquisition, probe = recording.acquisition, recording.acquisition.probe
    waves = _waves(path, acquisition)
    with whole_file(path) as file:
        group = _object(file, _LOCATION, "uff.channel_data")
        _scalar(group, "sampling_frequency", acquisition.sampling_frequency_hz)
        _scalar(group, "initial_time", acquisition.initial_time_s)
        _scalar(group, "sound_speed", acquisition.sound_speed_m_s)
        _scalar(group, "modulation_frequency", acquisition.demodulation_frequency_hz)
        if recording.frame_rate_hz is not None:
            _scalar(group, "PRF", recording.frame_rate_hz * acquisition.n_tx)
        _write_probe(group, acquisition)
        pulse = _object(group, "pulse", "uff.pulse")
        _scalar(pulse, "center_frequency", probe.center_frequency_hz)
        _scalar(pulse, "fractional_bandwidth", probe.fractional_bandwidth)
        sequence = _object(group, "sequence", "uff.wave", len(waves))
        for i, (wave, delay_s) in enumerate(waves):
            _write_wave(sequence, f"sequence_{i + 1:04d}", wave, delay_s, acquisition.sound_speed_m_s)
        _write_data(group, recording)


def _waves(path: Path, acquisition: Acquisition) -> list[tuple[TransmitWave, float]]:
    """The wave of each shot, and the delay that puts its samples on the clock of ours."""
    x_m, c_m_s = acquisition.probe.element_x_m, acquisition.sound_speed_m_s
    if acquisition.sequence is None:
        sources_m = [float(x_m[element]) for element in acquisition.tx_elements]
        return [(DivergingWave((x, 0.0), 0.0, 1.0), abs(x) / c_m_s) for x in sources_m]
    waves: list[tuple[TransmitWave, float]] = []
    shots = zip(find_waves(acquisition), acquisition.sequence.delays_s, acquisition.sequence.apodization, strict=True)
    for i, (wave, delays_s, weights) in enumerate(shots):
        if wave is None or not (weights == 1).all() or not _makes(wave, delays_s, acquisition):
            raise RecordingError(
                f"{path}: UFF describes plane and spherical waves of all elements alone, and shot {i} is neither; "
                "write .h5 or .hdf5"
            )
        waves.append((wave, -float(wave.way_m(np.zeros(()), np.zeros(()), c_m_s)) / c_m_s))
    return waves


def _makes(wave: TransmitWave, delays_s: NDArray[np.float64], acquisition: Acquisition) -> bool:
    """Whether a wave's delays are just these: UFF has the wave alone."""
    c_m_s = acquisition.sound_speed_m_s
    made_s = wave.way_m(acquisition.probe.element_x_m, np.zeros(()), c_m_s) / c_m_s
    return bool(np.abs(made_s - delays_s).max() < _SAME_S)


def _write_wave(sequence: h5py.Group, name: str, wave: TransmitWave, delay_s: float, sound_speed_m_s: float) -> None:
    group = _object(sequence, name, "uff.wave")
    is_plane = isinstance(wave, PlaneWave)
    kind = group.create_dataset("wavefront", data=np.array([[PLANE if is_plane else SPHERICAL]]))
    kind.attrs.update({"class": "uff.wavefront", "name": "wavefront"})
    if isinstance(wave, PlaneWave):
        _write_point(group, "source", np.inf, wave.angle_rad)
    else:
        # On the array the azimuth must not fall behind it.
        x_m, z_m = wave.source_m if isinstance(wave, DivergingWave) else wave.focus_m
        azimuth_rad = np.arctan2(x_m, z_m) if z_m else np.copysign(np.pi / 2, x_m)
        _write_point(group, "source", float(np.hypot(x_m, z_m)), float(azimuth_rad))
    _write_point(group, "origin", 0.0, 0.0)
    _object(group, "apodization", "uff.apodization")
    _scalar(group, "delay", delay_s)
    _scalar(group, "sound_speed", sound_speed_m_s)


def _write_point(group: h5py.Group, name: str, distance_m: float, azimuth_rad: float) -> None:
    point = _object(group, name, "uff.point")
    for field, value in (("distance", distance_m), ("azimuth", azimuth_rad), ("elevation", 0.0)):
        _scalar(point, field, value)


def _write_probe(group: h5py.Group, acquisition: Acquisition) -> None:
    probe = acquisition.probe
    array = _object(group, "probe", "uff.linear_array")
    for name, value in (("N", probe.n_elements), ("pitch", probe.pitch_m), ("element_width", probe.element_width_m)):
        _scalar(array, name, value)
    # x, y, z, two angles, width and height of each element.
    geometry = np.zeros((7, probe.n_elements))
    geometry[0], geometry[5] = probe.element_x_m, probe.element_width_m
    _numbers(array, "geometry", geometry)
    _write_point(array, "origin", 0.0, 0.0)


def _write_data(group: h5py.Group, recording: AnyRecording) -> None:
    shape = (len(recording), *recording.acquisition.shape)
    if not recording.acquisition.is_baseband:
        data = _numbers(group, "data", None, shape)
        for i, frame in enumerate(recording):
            data[i] = frame
        return
    parts = group.create_group("data")
    parts.attrs.update({"class": "single", "name": "data", "complex": np.array([1]), "imaginary": np.array([0])})
    real, imaginary = _numbers(parts, "real", None, shape), _numbers(parts, "imag", None, shape)
    imaginary.attrs["imaginary"] = np.array([1])
    for i, frame in enumerate(recording):
        real[i], imaginary[i] = frame.real, frame.imag


def _object(group: h5py.Group, name: str, class_name: str, n: int = 1) -> h5py.Group:
    """An object, or a list of them where `n` is more than one."""
    made = group.create_group(name)
    made.attrs.update({"class": class_name, "name": name, "array": np.array([int(n > 1)]), "size": np.array([1, n])})
    return made


def _scalar(group: h5py.Group, name: str, value: float) -> None:
    _numbers(group, name, np.array([[float(value)]]))


def _numbers(
    group: h5py.Group, name: str, values: NDArray[Any] | None, shape: tuple[int, ...] | None = None
) -> h5py.Dataset:
    """Numbers at hand, or room for those of a shape, frame by frame."""
    if values is not None:
        made = group.create_dataset(name, data=values)
    else:
        made = group.create_dataset(name, shape, np.float32, chunks=(1, *shape[1:]) if shape else None)
    made.attrs.update({"class": "single", "name": name, "complex": np.array([0]), "imaginary": np.array([0])})
    return made
