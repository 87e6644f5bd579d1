"""One small whole file of every format that can be read, to be damaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream import write_recording
from sonolucent.stream.ledger import EdgeCounts
from sonolucent.stream.messages import Channels, Image, Stream, Trail
from sonolucent.stream.recording.writer import RecordingWriter

N, N_SAMPLES, FS_HZ, FC_HZ, C_M_S = 4, 40, 25e6, 5e6, 1540.0
PROBE = Probe.linear(n_elements=N, pitch_m=0.3e-3, element_width_m=0.27e-3, center_frequency_hz=FC_HZ)
ACQUISITION = Acquisition(PROBE, range(N), N_SAMPLES, FS_HZ, sound_speed_m_s=C_M_S)
GRID = ImageGrid(-0.6e-3, 1e-3, 0.1e-3, 0.05e-3, 10, 8)
X_M = PROBE.element_x_m
FRAMES = np.random.default_rng(1).integers(-2000, 2000, (2, N, N, N_SAMPLES), dtype=np.int16)
TOML = f"""
pitch_m = 0.3e-3
center_frequency_hz = {FC_HZ}
sampling_frequency_hz = {FS_HZ}
initial_time_s = 0
sound_speed_m_s = {C_M_S}
"""


def recording(path: Path, baseband: bool = False) -> None:
    """This project's own, with images."""
    waves = TransmitSequence.plane_waves(PROBE, [-0.1, 0.1], C_M_S)
    iq = replace(ACQUISITION, demodulation_frequency_hz=FC_HZ, sequence=waves)
    stream = Stream(iq, GRID, 25.0, "<c8") if baseband else Stream(ACQUISITION, GRID, 25.0)
    writer = RecordingWriter(path, stream, channels=True, images=True)
    for i in range(2):
        data = np.full(stream.acquisition.shape, i + 1, stream.dtype) if baseband else FRAMES[i]
        writer.write(Channels(i, data, 0, Trail.begin()))
        writer.write(Image(i, np.zeros((2, *GRID.shape), np.float32), 60.0, "m", "cpu", "", Trail.begin()))
    writer.close({"a>b": EdgeCounts(2, 2, {})})


def written(path: Path) -> None:
    """Of any format that is written."""
    write_recording(path, FRAMES, ACQUISITION, frame_rate_hz=25.0)


def put(group: Any, fields: dict[str, Any]) -> None:
    """Nested groups of values."""
    for name, value in fields.items():
        if isinstance(value, dict):
            put(group.create_group(name), value)
        else:
            group[name] = value


def picmus(path: Path) -> None:
    angles_rad = np.array([-0.1, 0.0, 0.1])
    data = FRAMES[0, :3].astype(np.float32)
    fields = {"data/real": data, "data/imag": 0 * data, "angles": angles_rad}
    fields |= {"probe_geometry": np.stack([X_M, 0 * X_M, 0 * X_M]), "sampling_frequency": [FS_HZ]}
    fields |= {"initial_time": [0.0], "modulation_frequency": [0.0], "sound_speed": [C_M_S]}
    with h5py.File(path, "w") as file:
        put(file.create_group("US/US_DATASET0000"), fields)


def uff_consortium(path: Path) -> None:
    numbers = [f"{i + 1:08d}" for i in range(N)]
    setup = {"probe": 1, "time_offset": 0.0, "sampling_frequency": FS_HZ}
    waves = {
        n: {"type": 1, "origin": {"position": {"x": x, "y": 0.0, "z": 0.0}}} for n, x in zip(numbers, X_M, strict=True)
    }
    events = {
        n: {"receive_setup": setup, "transmit_setup": {"transmit_waves": {numbers[0]: {"wave": i + 1}}}}
        for i, n in enumerate(numbers)
    }
    root = {
        "data": FRAMES.astype(np.float32),
        "sound_speed": C_M_S,
        "repetition_rate": 25.0,
        "probes": {numbers[0]: {"number_elements": N, "pitch": 0.3e-3, "element_width": 0.27e-3}},
        "unique_excitations": {numbers[0]: {"transmit_frequency": FC_HZ}},
        "unique_waves": waves,
        "unique_events": events,
        "sequence": {n: {"event": i + 1, "time_offset": 0.0} for i, n in enumerate(numbers)},
    }
    with h5py.File(path, "w") as file:
        put(file, {"version": {"major": 0, "minor": 3, "patch": 0}, "channel_data": root})


def mfmc(path: Path) -> None:
    tx, rx = np.triu_indices(N)
    with h5py.File(path, "w") as file:
        file.attrs.update({"TYPE": "MFMC", "VERSION": "2.0.0"})
        probe = file.create_group("PROBE1")
        probe.attrs.update({"TYPE": "PROBE", "CENTRE_FREQUENCY": FC_HZ, "BANDWIDTH": 3e6})
        probe["ELEMENT_POSITION"] = [(x, 0.0, 0.0) for x in X_M]
        probe["ELEMENT_MINOR"], probe["ELEMENT_MAJOR"] = [(0.1e-3, 0.0, 0.0)] * N, [(0.0, 5e-3, 0.0)] * N
        sequence = file.create_group("SEQUENCE1")
        sequence.attrs.update({"TYPE": "SEQUENCE", "TIME_STEP": 1 / FS_HZ, "START_TIME": 0.0})
        sequence.attrs["SPECIMEN_VELOCITY"] = [3100.0, 6300.0]
        laws = [sequence.create_group(f"LAW{i + 1}") for i in range(N)]
        for i, law in enumerate(laws):
            law.attrs["TYPE"], law["ELEMENT"] = "LAW", [i + 1]
        for name, elements in (("TRANSMIT_LAW", tx), ("RECEIVE_LAW", rx)):
            sequence.create_dataset(name, data=[laws[e].ref for e in elements], dtype=h5py.ref_dtype)
        sequence.create_dataset("PROBE_LIST", data=[probe.ref], dtype=h5py.ref_dtype)
        sequence["MFMC_DATA"] = FRAMES[:, tx, rx]


def _experiment() -> dict[str, Any]:
    tx, rx = np.triu_indices(N)
    array = {"el_xc": X_M, "el_zc": 0 * X_M, "el_x1": X_M + 0.1e-3, "el_x2": X_M, "centre_freq": FC_HZ}
    time_s = np.arange(N_SAMPLES) / FS_HZ
    fields = {"time_data": FRAMES[0][tx, rx].T.astype(float), "tx": tx + 1.0, "rx": rx + 1.0, "time": time_s}
    return {**fields, "array": array, "ph_velocity": 6300.0}


def brain(path: Path) -> None:
    savemat(path, {"exp_data": _experiment()})


def brain_73(path: Path) -> None:
    """As MATLAB 7.3 would."""

    def put_73(group: h5py.Group, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            if isinstance(value, dict):
                put_73(group.create_group(name), value)
                group[name].attrs["MATLAB_class"] = np.bytes_("struct")
            else:
                group.create_dataset(name, data=np.atleast_2d(value).T).attrs["MATLAB_class"] = np.bytes_("double")

    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_group("#refs#")
        put_73(file, {"exp_data": _experiment()})
    with path.open("r+b") as raw:
        raw.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")


def must(path: Path) -> None:
    param = {"fc": FC_HZ, "fs": FS_HZ, "pitch": 0.3e-3, "c": C_M_S, "TXdelay": np.zeros((2, N))}
    savemat(path, {"RF": FRAMES[0, :, :2].transpose(2, 0, 1).astype(float), "param": param}, do_compression=True)


def verasonics(path: Path) -> None:
    def structs(rows: list[dict[str, Any]]) -> NDArray[Any]:
        made = np.empty((1, len(rows)), dtype=[(name, "O") for name in rows[0]])
        for i, row in enumerate(rows):
            made[0, i] = tuple(row.values())
        return made

    cell = np.empty((1, 1), object)
    cell[0, 0] = FRAMES[0].transpose(0, 2, 1).reshape(N * N_SAMPLES, N)[..., np.newaxis]
    receives = [
        {"startSample": i * N_SAMPLES + 1.0, "endSample": (i + 1.0) * N_SAMPLES, "startDepth": 0.0, "framenum": 1}
        | {"decimSampleRate": FS_HZ / 1e6, "sampleMode": "NS200BW"}
        for i in range(N)
    ]
    position = np.stack([X_M * 1e3, 0 * X_M, 0 * X_M, 0 * X_M], axis=1)
    trans = {"frequency": FC_HZ / 1e6, "units": "mm", "ElementPos": position, "elementWidth": 0.27}
    trans |= {"lensCorrection": 0.0, "Bandwidth": np.array([3.5, 6.5]), "Connector": np.arange(N) + 1.0}
    content = {
        "RcvData": cell,
        "Trans": trans,
        "TX": structs([{"Delay": np.zeros(N), "Apod": row, "waveform": 1} for row in np.eye(N)]),
        "TW": {"peak": 1.0, "type": "parametric"},
        "Receive": structs(receives),
        "Event": structs([{"tx": i + 1, "rcv": i + 1} for i in range(N)]),
        "Resource": {"Parameters": {"speedOfSound": C_M_S}},
    }
    savemat(path, content)


def npy(path: Path) -> None:
    np.save(path, FRAMES)
    path.with_suffix(".toml").write_text(TOML)


def npz(path: Path) -> None:
    np.savez_compressed(path, frames=FRAMES)
    path.with_suffix(".toml").write_text(TOML)


def urx(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_group("dataset/acquisition")


SEEDS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "sonolucent": (".h5", recording),
    "sonolucent baseband": (".h5", lambda path: recording(path, baseband=True)),
    "zea": (".hdf5", written),
    "uff": (".uff", written),
    "uff-consortium": (".uff", uff_consortium),
    "urx": (".h5", urx),
    "picmus": (".hdf5", picmus),
    "mfmc": (".mfmc", mfmc),
    "brain": (".mat", brain),
    "brain 7.3": (".mat", brain_73),
    "verasonics": (".mat", verasonics),
    "must": (".mat", must),
    "npy": (".npy", npy),
    "npz": (".npz", npz),
}
"""Of each format, the suffix and what writes one."""
