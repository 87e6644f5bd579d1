"""A wire at 20 mm stays within 0.02 mm through every reader of MATLAB files (see test_time_zero_of_formats.py)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import savemat

from sonolucent.stream import open_recording

from .wire_scene import (
    C_M_S,
    FC_HZ,
    FS_HZ,
    N_SAMPLES,
    PROBE,
    SINGLE,
    WITHIN_M,
    X_M,
    depth_error_m,
    plane_delays_s,
    recorded,
)


@pytest.mark.parametrize("as_cell", [False, True])
def test_must(tmp_path: Path, as_cell: bool) -> None:
    delays_s = plane_delays_s() - plane_delays_s().min(axis=1, keepdims=True)
    data = recorded(delays_s, np.ones((3, 16)), 2e-6)
    signals: Any = data.transpose(2, 1, 0).astype(float)
    if as_cell:
        signals = np.array([signals[..., i] for i in range(3)] + [None], dtype=object)[:3]
    param = {"fc": FC_HZ, "fs": FS_HZ, "pitch": 0.3e-3, "kerf": 0.03e-3, "c": C_M_S, "t0": 2e-6, "TXdelay": delays_s}
    savemat(tmp_path / "m.mat", {"RF": signals, "param": {**param, "bandwidth": 60.0, "Nelements": 16.0}})
    recording = open_recording(tmp_path / "m.mat")
    assert recording.format == "MUST"
    assert abs(depth_error_m(recording)) < WITHIN_M


def test_must_without_a_speed_of_sound_is_refused(tmp_path: Path) -> None:
    param = {"fc": FC_HZ, "fs": FS_HZ, "pitch": 0.3e-3, "TXdelay": np.zeros((1, 16))}
    savemat(tmp_path / "m.mat", {"RF": np.zeros((100, 16)), "param": param})
    with pytest.raises(ValueError, match=r"param\.c is missing"):
        open_recording(tmp_path / "m.mat")


@pytest.mark.parametrize("units", ["mm", "wavelengths"])
def test_verasonics(tmp_path: Path, units: str) -> None:
    """`TW.peak` and the lens, to and fro, put the echo later; delays are in wavelengths; channels are permuted."""
    wave_s = 1 / FC_HZ
    unit_m = 1e-3 if units == "mm" else C_M_S / FC_HZ
    peak_waves, start_depth_waves, lens_m = 2.4, 5.0, 0.6e-3
    lens_s = lens_m / C_M_S
    delays_s = plane_delays_s() - plane_delays_s().min(axis=1, keepdims=True)
    first_s = 2 * start_depth_waves * wave_s - peak_waves * wave_s - 2 * lens_s
    data = (1000 * recorded(delays_s, np.ones((3, 16)), first_s)).astype(np.int16)
    connector = np.random.default_rng(0).permutation(16)
    buffer = np.zeros((3 * N_SAMPLES, 16, 2), np.int16)
    for shot in range(3):
        buffer[shot * N_SAMPLES : (shot + 1) * N_SAMPLES, connector, 1] = data[shot].T

    def structs(rows: list[dict[str, Any]]) -> NDArray[Any]:
        made = np.empty((1, len(rows)), dtype=[(name, "O") for name in rows[0]])
        for i, row in enumerate(rows):
            made[0, i] = tuple(row.values())
        return made

    transmits = [{"Delay": d / wave_s, "Apod": np.ones(16), "waveform": 1} for d in delays_s]
    receives = [
        {
            "startSample": shot * N_SAMPLES + 1.0,
            "endSample": (shot + 1.0) * N_SAMPLES,
            "startDepth": start_depth_waves,
            "framenum": frame + 1,
            "decimSampleRate": FS_HZ / 1e6,
            "sampleMode": "NS200BW",
        }
        for frame in range(2)
        for shot in range(3)
    ]
    events = [{"tx": i % 3 + 1, "rcv": i + 1} for i in range(6)] + [{"tx": 0, "rcv": 0}]
    cell = np.empty((1, 1), object)
    cell[0, 0] = buffer
    trans = {
        "frequency": FC_HZ / 1e6,
        "units": units,
        "ElementPos": np.stack([X_M / unit_m, 0 * X_M, 0 * X_M, 0 * X_M], axis=1),
        "elementWidth": PROBE.element_width_m / unit_m,
        "lensCorrection": lens_m / unit_m,
        "Bandwidth": np.array([3.5, 6.5]),
        "Connector": connector + 1.0,
    }
    content = {
        "RcvData": cell,
        "Trans": trans,
        "TX": structs(transmits),
        "TW": {"peak": peak_waves, "type": "parametric"},
        "Receive": structs(receives),
        "Event": structs(events),
        "Resource": {"Parameters": {"speedOfSound": C_M_S}},
    }
    savemat(tmp_path / "v.mat", content)
    recording = open_recording(tmp_path / "v.mat")
    assert (recording.format, len(recording), recording[1].dtype) == ("Verasonics", 2, np.int16)
    assert recording.acquisition.probe.fractional_bandwidth == pytest.approx(0.6)
    np.testing.assert_array_equal(recording[1], data)
    assert abs(depth_error_m(recording)) < WITHIN_M
    faster = open_recording(tmp_path / "v.mat", sound_speed_m_s=1.05 * C_M_S).acquisition
    assert faster == dataclasses.replace(recording.acquisition, sound_speed_m_s=1.05 * C_M_S)


def test_brain(tmp_path: Path) -> None:
    tx, rx = (i.ravel() for i in np.indices((16, 16)))
    data = recorded(*SINGLE, 1.5e-6)
    array = {"el_xc": X_M, "el_zc": 0 * X_M, "el_x1": X_M + 0.135e-3, "el_x2": X_M, "centre_freq": FC_HZ}
    fields = {"time_data": data[tx, rx].T, "tx": tx + 1, "rx": rx + 1, "time": 1.5e-6 + np.arange(N_SAMPLES) / FS_HZ}
    savemat(tmp_path / "b.mat", {"exp_data": {**fields, "array": array, "ph_velocity": C_M_S}})
    assert abs(depth_error_m(open_recording(tmp_path / "b.mat"))) < WITHIN_M
