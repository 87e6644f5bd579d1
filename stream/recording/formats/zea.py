"""zea 0.1: HDF5 with `tracks/track_0/{data,scan}` and `probe`; `raw_data` is (frame, tx, sample, rx, channel).

zea's clock starts when the first element fires; the peak of the pulse comes later, 1 / center_frequency where the
file holds no waveforms (`zea.Parameters.t_peak`). Ours starts at the centre of the pulse.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from sonolucent.beamform.geometry import Acquisition
from sonolucent.stream.recording import hdf5, layout
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.formats.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import linear_probe, the_one

_VERSION = "0.1.0"
_TRACK = "tracks/track_0"
# zea takes a distance of 0 for a plane wave; a source just behind the array is a single element.
_FOCUS_M = -1e-6


def read_zea(path: Path) -> ForeignRecording:
    """The first track of single-element transmits.

    Raises:
        RecordingError: damaged, another kind of data (IQ, no channel data, focused transmits, a partial aperture), or
            compressed by a filter that is not installed.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "zea"):
        raw, scan = file[f"{_TRACK}/data/raw_data"], file[f"{_TRACK}/scan"]
        # zea compresses everything alike, also what `_acquisition` reads.
        hdf5.require_filters(raw)
        acquisition = _acquisition(file, scan, raw.shape)
        layout.require_rows(file, raw.name, raw.shape[1:], ("<i2", "<f4"))
        rate = _frame_rate_hz(scan, acquisition.n_tx)
        return ForeignRecording("zea", path, acquisition, rate, len(raw), lambda i: raw[i, ..., 0].transpose(0, 2, 1))


def write_zea(path: Path, recording: AnyRecording) -> None:
    """Writes the channel data of a recording of at least one frame.

    Raises:
        RecordingError: the file exists or cannot be written.
    """
    acquisition = recording.acquisition
    with hdf5.create(path) as file:
        file.attrs.update({"zea_version": _VERSION, "description": "converted by Sonolucent"})
        file.create_group("metadata")
        file.create_group("metrics")
        _put_all(file.create_group("probe"), _probe_fields(acquisition))
        _put_all(file.create_group(f"{_TRACK}/scan"), _scan_fields(acquisition))
        _write_timing(file[f"{_TRACK}/scan"], recording)
        shape = (acquisition.n_tx, acquisition.n_samples, acquisition.n_rx, 1)
        name = f"{_TRACK}/data/raw_data"
        raw = file.create_dataset(name, (len(recording), *shape), recording[0].dtype, chunks=(1, *shape))
        raw.attrs.update({"unit": "–", "description": "Raw channel data."})
        for i, frame in enumerate(recording):
            raw[i, ..., 0] = frame.transpose(0, 2, 1)


def _acquisition(file: h5py.File, scan: h5py.Group, shape: tuple[int, ...]) -> Acquisition:
    if len(shape) != 5 or shape[4] != 1:
        raise ValueError(f"raw_data of {shape} is not real channel data of (frame, tx, sample, rx, 1)")
    center_hz = the_one(_values(scan, "center_frequency"), "the centre frequency", 0.0)
    geometry = _values(file["probe"], "probe_geometry")
    if len(geometry) != shape[3] or "rx_aperture_indices" in scan:
        raise ValueError(f"{shape[3]} channels receive with {len(geometry)} elements; only whole apertures can be read")
    if np.ptp(geometry[:, 1:]) > 1e-6:
        raise ValueError("the elements are not in a straight line")
    probe = file["probe"]
    pitch = float(np.diff(geometry[:, 0]).mean())
    width = float(_values(probe, "element_width")) if "element_width" in probe else pitch
    bandwidth = _values(probe, "probe_bandwidth_percent") / 100 if "probe_bandwidth_percent" in probe else None
    elements = _transmitting(_values(scan, "tx_apodizations"), _values(scan, "t0_delays"))
    initial_s = the_one(_values(scan, "initial_times"), "the initial time", 1e-9)
    return Acquisition(
        probe=linear_probe(geometry[:, 0], width, center_hz, None if bandwidth is None else float(bandwidth)),
        tx_elements=elements,
        n_samples=shape[2],
        sampling_frequency_hz=float(_values(scan, "sampling_frequency")),
        initial_time_s=initial_s - _peak_s(scan, center_hz),
        sound_speed_m_s=float(_values(scan, "sound_speed")) if "sound_speed" in scan else 1540.0,
    )


def _transmitting(apodizations: Any, delays_s: Any) -> list[int]:
    fires = apodizations != 0
    if not (fires.sum(axis=1) == 1).all() or np.abs(delays_s[fires]).max() > 0:
        raise ValueError("not every transmit is one element fired at time 0; only synthetic-aperture data can be read")
    return [int(e) for e in fires.argmax(axis=1)]


def _peak_s(scan: h5py.Group, center_hz: float) -> float:
    if "waveforms_two_way" not in scan:
        return 1 / center_hz
    raise ValueError("the file holds transmit waveforms, whose peak is not known here; save it without them")


def _frame_rate_hz(scan: h5py.Group, n_tx: int) -> float | None:
    if "time_to_next_transmit" not in scan:
        return None
    gaps_s = _values(scan, "time_to_next_transmit")
    total_s = float(gaps_s.sum())
    return gaps_s.size / (total_s * n_tx) if total_s > 0 else None


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
    elements = list(acquisition.tx_elements)
    origins = [(probe.element_x_m[e], 0.0, 0.0) for e in elements]
    peak_s = 1 / probe.center_frequency_hz
    return {
        "sampling_frequency": (acquisition.sampling_frequency_hz, "Hz"),
        "center_frequency": (probe.center_frequency_hz, "Hz"),
        "demodulation_frequency": (probe.center_frequency_hz, "Hz"),
        "initial_times": (np.full(n_tx, acquisition.initial_time_s + peak_s), "s"),
        "t0_delays": (np.zeros((n_tx, probe.n_elements)), "s"),
        "tx_apodizations": (np.eye(probe.n_elements)[elements], "–"),
        "focus_distances": (np.full(n_tx, _FOCUS_M), "m"),
        "transmit_origins": (origins, "m"),
        "polar_angles": (np.zeros(n_tx), "rad"),
        "azimuth_angles": (np.zeros(n_tx), "rad"),
        "sound_speed": (acquisition.sound_speed_m_s, "m/s"),
    }


def _write_timing(scan: h5py.Group, recording: AnyRecording) -> None:
    if recording.frame_rate_hz is not None:
        n_tx = recording.acquisition.n_tx
        gaps_s = np.full((len(recording), n_tx), 1 / (recording.frame_rate_hz * n_tx))
        _put_all(scan, {"time_to_next_transmit": (gaps_s, "s")})


def _put_all(group: h5py.Group, fields: dict[str, tuple[Any, str]]) -> None:
    for name, (value, unit) in fields.items():
        data = value if isinstance(value, str) else np.asarray(value, np.float32)
        group.create_dataset(name, data=data).attrs.update({"unit": unit, "description": name.replace("_", " ")})


def _values(group: h5py.Group, name: str) -> Any:
    return np.asarray(layout.read_values(group[name]), float)
