"""Writes zea 0.1 files; the clock and the axes are described in `zea`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.transmit_waves import DivergingWave, FocusedWave, PlaneWave, find_waves
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.whole_hdf5 import whole_file

_VERSION = "0.1.0"
_TRACK = "tracks/track_0"
# zea takes a distance of 0 for a plane wave; a source just behind the array is a single element.
_FOCUS_M = -1e-6


def write_zea(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording of at least one frame; those at baseband as I and Q.

    Raises:
        OutputError, OSError, RecordingError: the file exists or cannot be written.
    """
    acquisition = recording.acquisition
    n_channels = 2 if acquisition.is_baseband else 1
    with whole_file(path) as file:
        file.attrs.update({"zea_version": _VERSION, "description": "converted by Sonolucent"})
        file.create_group("metadata")
        file.create_group("metrics")
        _put_all(file.create_group("probe"), _probe_fields(acquisition))
        _put_all(file.create_group(f"{_TRACK}/scan"), _scan_fields(acquisition))
        _write_timing(file[f"{_TRACK}/scan"], recording)
        shape = (acquisition.n_tx, acquisition.n_samples, acquisition.n_rx, n_channels)
        dtype = recording[0].real.dtype
        raw = file.create_dataset(f"{_TRACK}/data/raw_data", (len(recording), *shape), dtype, chunks=(1, *shape))
        raw.attrs.update({"unit": "–", "description": "Raw channel data."})
        for i, frame in enumerate(recording):
            raw[i] = _channels(frame, acquisition).transpose(0, 2, 1, 3)


def _channels(frame: NDArray[Any], acquisition: Acquisition) -> NDArray[Any]:
    """Real samples, or I and Q whose carrier starts with the first sample, (n_tx, n_rx, n_samples, 1 or 2)."""
    if not np.iscomplexobj(frame):
        return frame[..., np.newaxis]
    turn = np.exp(2j * np.pi * acquisition.demodulation_frequency_hz * acquisition.initial_time_s)
    turned = frame * np.complex64(turn)
    return np.stack([turned.real, turned.imag], axis=-1)


def _probe_fields(acquisition: Acquisition) -> dict[str, tuple[Any, str]]:
    probe = acquisition.probe
    return {
        "name": ("linear array", ""),
        "type": ("linear", ""),
        "probe_center_frequency": (probe.center_frequency_hz, "Hz"),
        "probe_bandwidth_percent": (100 * probe.fractional_bandwidth, "%"),
        "probe_geometry": ([(x, 0.0, 0.0) for x in probe.element_x_m], "m"),
        "element_width": (probe.element_width_m, "m"),
    }


def _scan_fields(acquisition: Acquisition) -> dict[str, tuple[Any, str]]:
    n_tx, probe = acquisition.n_tx, acquisition.probe
    delays_s, apodization = _delays_and_weights(acquisition)
    first_s = np.where(apodization != 0, delays_s, np.inf).min(axis=1)
    focus_m, angles_rad, origins_m = _focus(acquisition)
    demodulation_hz = acquisition.demodulation_frequency_hz or probe.center_frequency_hz
    return {
        "sampling_frequency": (acquisition.sampling_frequency_hz, "Hz"),
        "center_frequency": (probe.center_frequency_hz, "Hz"),
        "demodulation_frequency": (demodulation_hz, "Hz"),
        "initial_times": (acquisition.initial_time_s - first_s + 1 / probe.center_frequency_hz, "s"),
        "t0_delays": (np.maximum(delays_s - first_s[:, np.newaxis], 0.0), "s"),
        "tx_apodizations": (apodization, "–"),
        "focus_distances": (focus_m, "m"),
        "transmit_origins": (origins_m, "m"),
        "polar_angles": (angles_rad, "rad"),
        "azimuth_angles": (np.zeros(n_tx), "rad"),
        "sound_speed": (acquisition.sound_speed_m_s, "m/s"),
    }


def _delays_and_weights(acquisition: Acquisition) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if acquisition.sequence is not None:
        return acquisition.sequence.delays_s, acquisition.sequence.apodization
    weights = np.eye(acquisition.probe.n_elements)[list(acquisition.tx_elements)]
    return np.zeros_like(weights), weights


def _focus(acquisition: Acquisition) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What zea beside the delays has of each shot: focus distance, polar angle and origin (n_tx, 3)."""
    n_tx, x_m = acquisition.n_tx, acquisition.probe.element_x_m
    distance_m, angle_rad, origin_m = np.full(n_tx, np.inf), np.zeros(n_tx), np.zeros((n_tx, 3))
    if acquisition.sequence is None:
        origin_m[:, 0] = x_m[list(acquisition.tx_elements)]
        return np.full(n_tx, _FOCUS_M), angle_rad, origin_m
    for shot, wave in enumerate(find_waves(acquisition)):
        match wave:
            case PlaneWave():
                angle_rad[shot] = wave.angle_rad
            case DivergingWave():
                origin_m[shot, 0], distance_m[shot] = wave.source_m
            case FocusedWave():
                origin_m[shot, 0], distance_m[shot] = wave.focus_m
    return distance_m, angle_rad, origin_m


def _write_timing(scan: Any, recording: AnyRecording) -> None:
    if recording.frame_rate_hz is not None:
        n_tx = recording.acquisition.n_tx
        gaps_s = np.full((len(recording), n_tx), 1 / (recording.frame_rate_hz * n_tx))
        _put_all(scan, {"time_to_next_transmit": (gaps_s, "s")})


def _put_all(group: Any, fields: dict[str, tuple[Any, str]]) -> None:
    for name, (value, unit) in fields.items():
        data = value if isinstance(value, str) else np.asarray(value, np.float32)
        group.create_dataset(name, data=data).attrs.update({"unit": unit, "description": name.replace("_", " ")})
