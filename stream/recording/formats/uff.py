"""USTB's ultrasound file format (UFF), through the package pyuff-ustb: `channel_data` with one spherical wave a shot.

UFF's clock starts when a wave passes the origin of coordinates, and `delay` says by how much the acquisition of each
wave lags; for a source on the array that is its distance from the origin over the speed of sound.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition
from sonolucent.stream.errors import RecordingError
from sonolucent.stream.recording import hdf5
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.formats.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import linear_probe, the_one

_LOCATION = "channel_data"


def read_uff(path: Path) -> ForeignRecording:
    """The object `channel_data` of a file; all its frames are in memory.

    Raises:
        RecordingError: damaged, no `channel_data`, IQ data, or not one spherical wave from each of some elements; or
            pyuff-ustb is missing.
    """
    pyuff = _pyuff(path)
    with hdf5.reading(path, "UFF"):
        channel_data = pyuff.Uff(str(path)).read(_LOCATION)
        data = np.asarray(channel_data.data)
        if np.iscomplexobj(data) or channel_data.modulation_frequency:
            raise ValueError("it holds IQ data; only RF channel data can be read")
        data = data[..., np.newaxis] if data.ndim == 3 else data
        acquisition = _acquisition(channel_data, data.shape)
        frames = np.ascontiguousarray(data.astype(np.float32, copy=False).transpose(3, 2, 1, 0))
        rate = channel_data.PRF / acquisition.n_tx if channel_data.PRF else None
        return ForeignRecording("UFF", path, acquisition, rate, len(frames), frames.__getitem__)


def write_uff(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording of at least one frame, as float32; all frames are in memory meanwhile.

    Raises:
        RecordingError: the file exists or cannot be written, or pyuff-ustb is missing.
    """
    pyuff = _pyuff(path)
    hdf5.create(path).close()
    acquisition, probe = recording.acquisition, recording.acquisition.probe
    frames = np.stack([frame.astype(np.float32) for frame in recording])
    array = pyuff.LinearArray(N=probe.n_elements, pitch=probe.pitch_m, element_width=probe.element_width_m)
    array.origin = pyuff.Point(distance=0.0, azimuth=0.0, elevation=0.0)
    channel_data = pyuff.ChannelData(
        sampling_frequency=acquisition.sampling_frequency_hz,
        initial_time=acquisition.initial_time_s,
        sound_speed=acquisition.sound_speed_m_s,
        modulation_frequency=0.0,
        sequence=[_wave(pyuff, acquisition, element) for element in acquisition.tx_elements],
        probe=array,
        pulse=pyuff.Pulse(center_frequency=probe.center_frequency_hz, fractional_bandwidth=probe.fractional_bandwidth),
        data=frames.transpose(3, 2, 1, 0),
    )
    if recording.frame_rate_hz is not None:
        channel_data.PRF = recording.frame_rate_hz * acquisition.n_tx
    # The pulse's phase and waveform are not known.
    channel_data.write(str(path), _LOCATION, ignore_missing_compulsory_fields=True)


def _wave(pyuff: ModuleType, acquisition: Acquisition, element: int) -> Any:
    x_m = float(acquisition.probe.element_x_m[element])
    source = pyuff.Point(distance=abs(x_m), azimuth=float(np.copysign(np.pi / 2, x_m)), elevation=0.0)
    return pyuff.Wave(
        wavefront=pyuff.Wavefront.spherical,
        source=source,
        origin=pyuff.Point(distance=0.0, azimuth=0.0, elevation=0.0),
        apodization=pyuff.Apodization(),
        delay=abs(x_m) / acquisition.sound_speed_m_s,
        sound_speed=acquisition.sound_speed_m_s,
    )


def _acquisition(channel_data: Any, shape: tuple[int, ...]) -> Acquisition:
    geometry = np.asarray(channel_data.probe.geometry, float)
    geometry = geometry if len(geometry) == 7 else geometry.T
    if len(shape) != 4 or shape[1] != geometry.shape[1]:
        raise ValueError(f"data of {shape} with {geometry.shape[1]} elements; expected (sample, element, wave, frame)")
    if channel_data.pulse is None:
        raise ValueError("it holds no pulse, so that the centre frequency is not known")
    c_m_s = float(channel_data.sound_speed)
    sequence = channel_data.sequence
    waves = sequence if isinstance(sequence, list) else [sequence]
    sources = np.array([wave.source.xyz for wave in waves], float)
    delays_s = np.array([float(wave.delay or 0.0) for wave in waves])
    lag_s = the_one(delays_s - np.linalg.norm(sources, axis=1) / c_m_s, "the delay", 1e-9)
    bandwidth = channel_data.pulse.fractional_bandwidth
    return Acquisition(
        probe=linear_probe(
            geometry[0], float(geometry[5].max()), float(channel_data.pulse.center_frequency), bandwidth or None
        ),
        tx_elements=_elements(sources, geometry[:3].T),
        n_samples=shape[0],
        sampling_frequency_hz=float(channel_data.sampling_frequency),
        initial_time_s=float(channel_data.initial_time) + lag_s,
        sound_speed_m_s=c_m_s,
    )


def _elements(sources_m: NDArray[Any], centres_m: NDArray[Any]) -> list[int]:
    distances = np.linalg.norm(sources_m[:, np.newaxis] - centres_m[np.newaxis], axis=2)
    if not distances.min(axis=1).max() < 1e-5 or np.ptp(centres_m[:, 1:]) > 1e-6:
        raise ValueError("the waves do not start at elements of a straight array; only synthetic apertures can be read")
    return [int(e) for e in distances.argmin(axis=1)]


def _pyuff(path: Path) -> ModuleType:
    try:
        import pyuff_ustb
    except ImportError as error:
        raise RecordingError(f"{path}: UFF needs the package pyuff-ustb; pip install 'sonolucent[formats]'") from error
    module: ModuleType = pyuff_ustb
    return module
