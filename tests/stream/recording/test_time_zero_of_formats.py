"""A wire at 20 mm stays within 0.02 mm through every reader, whatever a format calls time zero.

Files are made from the documentation of their formats, with samples simulated on the clock that it describes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from sonolucent.stream import RecordingError, open_recording, write_recording

from .wire_scene import (
    ANGLES_RAD,
    C_M_S,
    FC_HZ,
    FS_HZ,
    N_SAMPLES,
    PROBE,
    SEQUENCES,
    SINGLE,
    SOURCES_M,
    STARTS_S,
    WITHIN_M,
    X_M,
    acquisition_of,
    depth_error_m,
    plane_delays_s,
    recorded,
)


def put(group: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        group[name] = value


def write_zea_file(
    path: Path, delays_s: NDArray[np.float64], weights: NDArray[np.float64], start_s: Any, **more: Any
) -> Path:
    """By zea's documentation: a clock from the first element's firing, the pulse's peak 1 / center_frequency later."""
    peak_s = more.pop("peak_s", 1 / FC_HZ)
    first_s = delays_s.min(axis=1, where=weights != 0, initial=np.inf)
    starts_s = np.broadcast_to(np.asarray(start_s, float), (len(delays_s),))
    data = recorded(delays_s - first_s[:, np.newaxis] + peak_s, weights, starts_s)
    with h5py.File(path, "w") as file:
        file.attrs["zea_version"] = "0.1.0"
        file["tracks/track_0/data/raw_data"] = data.transpose(0, 2, 1)[np.newaxis, ..., np.newaxis]
        put(file.create_group("probe"), {"probe_geometry": [(x, 0.0, 0.0) for x in X_M], "element_width": 0.27e-3})
        scan = {
            "sampling_frequency": FS_HZ,
            "center_frequency": FC_HZ,
            "initial_times": starts_s,
            "t0_delays": np.maximum(delays_s - first_s[:, np.newaxis], 0),
            "tx_apodizations": weights,
            "sound_speed": C_M_S,
        }
        put(file.create_group("tracks/track_0/scan"), {**scan, **more})
    return path


@pytest.mark.parametrize("start", STARTS_S)
def test_zea_single_elements(tmp_path: Path, start: str) -> None:
    recording = open_recording(write_zea_file(tmp_path / "z.hdf5", *SINGLE, STARTS_S[start]))
    assert recording.acquisition.tx_elements == tuple(range(16))
    assert abs(depth_error_m(recording)) < WITHIN_M


@pytest.mark.parametrize("name", SEQUENCES)
def test_zea_sequences_on_clocks_of_their_own(tmp_path: Path, name: str) -> None:
    delays_s, weights = SEQUENCES[name]
    starts_s = 1e-6 + 0.37e-6 * np.arange(len(delays_s))
    recording = open_recording(write_zea_file(tmp_path / "z.hdf5", delays_s, weights, starts_s))
    assert recording.acquisition.n_tx == len(delays_s)
    assert abs(depth_error_m(recording)) < WITHIN_M


def test_zea_s_pulse_is_found_in_its_waveform(tmp_path: Path) -> None:
    t_s = np.arange(400) / 250e6
    peak_s = 0.71e-6
    waveform = np.exp(-(((t_s - peak_s) / 0.2e-6) ** 2)) * np.cos(2 * np.pi * FC_HZ * (t_s - peak_s))
    more = {"peak_s": peak_s, "waveforms_two_way": np.tile(waveform, (16, 1))}
    recording = open_recording(write_zea_file(tmp_path / "z.hdf5", *SINGLE, 2e-6, **more))
    assert "found in waveforms_two_way" in " ".join(recording.notes)
    assert abs(depth_error_m(recording)) < WITHIN_M


def test_zea_of_before_0_1(tmp_path: Path) -> None:
    write_zea_file(tmp_path / "new.hdf5", *SEQUENCES["plane"], 1e-6)
    with h5py.File(tmp_path / "new.hdf5") as new, h5py.File(tmp_path / "old.hdf5", "w") as old:
        for name in ("data", "scan"):
            new.copy(f"tracks/track_0/{name}", old)
        new.copy("probe/probe_geometry", old["scan"])
        put(old["scan"], {"n_ax": N_SAMPLES, "n_el": 16, "n_tx": 3, "element_width": 0.27e-3})
    recording = open_recording(tmp_path / "old.hdf5")
    assert "before 0.1" in " ".join(recording.notes)
    assert abs(depth_error_m(recording)) < WITHIN_M


@pytest.mark.parametrize("name", ["plane", "diverging", "single"])
@pytest.mark.parametrize("location", ["channel_data", "channel_data_FI"])
def test_uff_by_pyuff(tmp_path: Path, name: str, location: str) -> None:
    """USTB's clock starts when the wave passes the origin; an element on the array fires by its distance later."""
    pyuff = pytest.importorskip("pyuff_ustb")
    single_s = np.abs(X_M)[:, np.newaxis] / C_M_S * np.eye(16)
    delays_s, weights = SEQUENCES[name] if name != "single" else (single_s, np.eye(16))
    late_s = 0.3e-6 * np.arange(len(delays_s))  # of each wave, added to the time of its samples
    data = recorded(delays_s, weights, 1e-6 + late_s)

    def wave(i: int) -> Any:
        if name == "plane":
            source = pyuff.Point(distance=np.inf, azimuth=ANGLES_RAD[i], elevation=0.0)
        else:
            x, z = SOURCES_M[i] if name == "diverging" else (X_M[i], 0.0)
            source = pyuff.Point(distance=np.hypot(x, z), azimuth=np.arctan2(x, z), elevation=0.0)
        front = pyuff.Wavefront.plane if name == "plane" else pyuff.Wavefront.spherical
        nowhere = pyuff.Point(distance=0.0, azimuth=0.0, elevation=0.0)
        return pyuff.Wave(
            wavefront=front,
            source=source,
            origin=nowhere,
            apodization=pyuff.Apodization(),
            delay=late_s[i],
            sound_speed=C_M_S,
        )

    array = pyuff.LinearArray(N=16, pitch=PROBE.pitch_m, element_width=PROBE.element_width_m)
    array.origin = pyuff.Point(distance=0.0, azimuth=0.0, elevation=0.0)
    pyuff.ChannelData(
        sampling_frequency=FS_HZ,
        initial_time=1e-6,
        sound_speed=C_M_S,
        modulation_frequency=0.0,
        sequence=[wave(i) for i in range(len(data))],
        probe=array,
        pulse=pyuff.Pulse(center_frequency=FC_HZ, fractional_bandwidth=0.6),
        data=np.stack([0 * data, data]).transpose(3, 2, 1, 0),
    ).write(str(tmp_path / "u.uff"), location, ignore_missing_compulsory_fields=True)
    recording = open_recording(tmp_path / "u.uff")
    assert len(recording) == 2
    assert abs(depth_error_m(recording)) < WITHIN_M


def test_pyuff_reads_what_is_written(tmp_path: Path) -> None:
    pyuff = pytest.importorskip("pyuff_ustb")
    frame = recorded(*SEQUENCES["diverging"], 2e-6)
    write_recording(tmp_path / "u.uff", frame[np.newaxis], acquisition_of(SEQUENCES["diverging"], 2e-6))
    read = pyuff.Uff(str(tmp_path / "u.uff")).read("channel_data")
    np.testing.assert_array_equal(read.data.transpose(3, 2, 1, 0)[0], frame)
    assert [wave.source.z for wave in read.sequence] == pytest.approx(list(SOURCES_M[:, 1]))
    assert [wave.delay for wave in read.sequence] == pytest.approx([0.0, 0.0], abs=1e-10)
    assert read.initial_time == pytest.approx(2e-6)
    assert read.probe.N == 16


def test_picmus(tmp_path: Path) -> None:
    data = recorded(*SEQUENCES["plane"], 1.5e-6)
    with h5py.File(tmp_path / "p.hdf5", "w") as file:
        fields = {
            "data/real": data,
            "data/imag": 0 * data,
            "angles": ANGLES_RAD,
            "probe_geometry": np.stack([X_M, 0 * X_M, 0 * X_M]),
            "sampling_frequency": [FS_HZ],
            "initial_time": [1.5e-6],
            "modulation_frequency": [0.0],
            "sound_speed": [C_M_S],
        }
        put(file.create_group("US/US_DATASET0000"), fields)
    recording = open_recording(tmp_path / "p.hdf5")
    assert recording.format == "PICMUS"
    assert "challenge's probe" in " ".join(recording.notes)
    assert abs(depth_error_m(recording)) < WITHIN_M
    del fields["sound_speed"]
    with h5py.File(tmp_path / "q.hdf5", "w") as file:
        put(file.create_group("US/US_DATASET0000"), fields)
    with pytest.raises(RecordingError, match="sound_speed is missing: give the speed of sound"):
        open_recording(tmp_path / "q.hdf5")
    told = open_recording(tmp_path / "q.hdf5", sound_speed_m_s=C_M_S)
    np.testing.assert_allclose(told.acquisition.sequence.delays_s, recording.acquisition.sequence.delays_s)


@pytest.mark.parametrize("name", ["plane", "diverging", "single"])
def test_uff_of_the_other_standard(tmp_path: Path, name: str) -> None:
    """Each wave passes a point of its own at `time_offset`, the first sample is taken at another."""
    passes_s, first_s = 0.8e-6, 2.5e-6
    reference_m = np.array((-1e-3, 0.5e-3))
    if name == "plane":
        ways_m = reference_m[0] * np.sin(ANGLES_RAD) + reference_m[1] * np.cos(ANGLES_RAD)
        delays_s, weights = plane_delays_s() - ways_m[:, np.newaxis] / C_M_S, np.ones((3, 16))
    else:
        sources_m = SOURCES_M if name == "diverging" else np.stack([X_M, 0 * X_M], axis=1)
        ways_m = np.hypot(*(reference_m - sources_m).T)[:, np.newaxis]
        delays_s = (np.hypot(X_M - sources_m[:, :1], sources_m[:, 1:]) - ways_m) / C_M_S
        weights = np.ones((2, 16)) if name == "diverging" else np.eye(16)
    data = recorded(delays_s + passes_s, weights, first_s)
    with h5py.File(tmp_path / "c.uff", "w") as file:
        put(file.create_group("version"), {"major": 0, "minor": 3, "patch": 0})
        root = file.create_group("channel_data")
        put(root, {"data": data[np.newaxis], "sound_speed": C_M_S, "repetition_rate": 25.0})
        probe = {"number_elements": 16, "pitch": PROBE.pitch_m, "element_width": PROBE.element_width_m}
        put(root.create_group("probes/00000001"), probe)
        put(root.create_group("unique_excitations/00000001"), {"transmit_frequency": FC_HZ})
        for i in range(len(data)):
            one = f"{i + 1:08d}"
            root[f"unique_waves/{one}/type"] = 2 if name == "plane" else 1
            if name == "plane":
                put(root.create_group(f"unique_waves/{one}/origin/rotation"), {"x": 0.0, "y": ANGLES_RAD[i], "z": 0.0})
            else:
                place = {"x": sources_m[i, 0], "y": 0.0, "z": sources_m[i, 1]}
                put(root.create_group(f"unique_waves/{one}/origin/position"), place)
            event = root.create_group(f"unique_events/{one}")
            put(event.create_group("receive_setup"), {"probe": 1, "time_offset": first_s, "sampling_frequency": FS_HZ})
            wave = event.create_group("transmit_setup/transmit_waves/00000001")
            put(wave, {"wave": i + 1, "time_offset": passes_s})
            point = {"x": reference_m[0], "y": 0.0, "z": reference_m[1]}
            put(wave.create_group("time_zero_reference_point"), point)
            put(root.create_group(f"sequence/{one}"), {"event": i + 1, "time_offset": 0.0})
    shutil.copy(tmp_path / "c.uff", tmp_path / "without.uff")
    with h5py.File(tmp_path / "without.uff", "r+") as file:
        del file["channel_data/sound_speed"]
    recording = open_recording(tmp_path / "c.uff")
    assert recording.frame_rate_hz == 25.0
    assert abs(depth_error_m(recording)) < WITHIN_M
    with pytest.raises(RecordingError, match="sound_speed is missing: give the speed of sound"):
        open_recording(tmp_path / "without.uff")
    assert open_recording(tmp_path / "without.uff", sound_speed_m_s=C_M_S).acquisition == recording.acquisition


TOML = f"""
pitch_m = {PROBE.pitch_m}
element_width_m = {PROBE.element_width_m}
center_frequency_hz = {FC_HZ}
sampling_frequency_hz = {FS_HZ}
sound_speed_m_s = {C_M_S}
"""


def arrays_of_single_elements(folder: Path) -> Path:
    np.save(folder / "a.npy", recorded(*SINGLE, 1e-6 + np.linspace(0, 1e-6, 16))[np.newaxis])
    starts = ", ".join(f"{1e-6 + t:.10e}" for t in np.linspace(0, 1e-6, 16))
    (folder / "a.toml").write_text(TOML + f"initial_time_s = [{starts}]\nframe_rate_hz = 20\n")
    return folder / "a.npy"


def arrays_of_plane_waves(folder: Path) -> Path:
    delays_s = plane_delays_s() - plane_delays_s().min(axis=1, keepdims=True)
    np.save(folder / "a.npy", recorded(delays_s, np.ones((3, 16)), -2e-6))
    angles = ", ".join(f"{angle:.6f}" for angle in np.rad2deg(ANGLES_RAD))
    (folder / "a.toml").write_text(TOML + f"initial_time_s = -2e-6\nplane_wave_angles_deg = [{angles}]\n")
    return folder / "a.npy"


def arrays_with_delays(folder: Path) -> Path:
    delays_s, weights = SEQUENCES["hadamard-like"]
    np.savez(folder / "a.npz", frames=recorded(delays_s, weights, 0.0), delays_s=delays_s, apodization=weights)
    (folder / "a.toml").write_text(TOML + "initial_time_s = 0\n")
    return folder / "a.npz"


@pytest.mark.parametrize("write", [arrays_of_single_elements, arrays_of_plane_waves, arrays_with_delays])
def test_numpy(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    recording = open_recording(write(tmp_path))
    assert recording.format == "NumPy"
    assert abs(depth_error_m(recording)) < WITHIN_M
