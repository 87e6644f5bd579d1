"""Odd files that users bring, each changed in one thing from a zea file, and what is right for each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

TRACK = "tracks/track_0/"
RAW, SCAN, PROBE = TRACK + "data/raw_data", TRACK + "scan/", "probe/"

REFUSED: dict[str, tuple[str, ...]] = {
    "geometry_in_mm": ("probe_geometry", "likely in mm"),
    "frequencies_in_mhz": ("center_frequency is 5,", "likely in MHz"),
    "times_in_us": ("initial_times is 5.2,", "likely in us"),
    "speed_in_mm_per_us": ("sound_speed is 6.3,", "likely in mm/us"),
    "no_sound_speed": ("sound_speed is missing", "--sound-speed-m-s"),
    "axes_exchanged": ("axes", "exchanged"),
    "speed_nan": ("sound_speed is nan",),
    "element_width_0": ("element_width is 0",),
    "no_frames": ("holds no frames",),
}
"""What is refused, and the words that its sentence must have."""

READ: dict[str, str] = {
    "float64": "float64",
    "int32": "int32",
    "float16": "float16",
    "big_endian": "big-endian",
    "scalar_as_array": "",
    "initial_times_differ": "different times",
    "initial_time_negative": "",
    "tx_and_rx_exchanged": "",
    "x_from_the_corner": "shifted to 0",
    "elements_right_to_left": "mirrored",
    "waveforms_two_way": "waveforms_two_way is silent",
    "two_tracks": "FILE::track_1",
    "no_center_frequency": "center_frequency is missing",
    "iq_as_two_channels": "",
    "dead_and_swapped_elements": "",
    "saturated": "",
}
"""What is read, and what a note must say; nothing where there is nothing to say."""

SAME_FRAMES = {"float64", "scalar_as_array", "x_from_the_corner", "waveforms_two_way", "two_tracks"}
SAME_IMAGE = {*SAME_FRAMES, "tx_and_rx_exchanged", "elements_right_to_left", "no_center_frequency"}


def _put(file: h5py.File, path: str, value: object) -> None:
    del file[path]
    file[path] = value


def _put_x(file: h5py.File, change: Callable[[np.ndarray], np.ndarray]) -> None:
    geometry = file[PROBE + "probe_geometry"][()]
    geometry[:, 0] = change(geometry[:, 0])
    _put(file, PROBE + "probe_geometry", geometry)


def _put_raw(file: h5py.File, change: Callable[[np.ndarray], np.ndarray]) -> None:
    _put(file, RAW, np.ascontiguousarray(change(file[RAW][()])))


def _both_in_mhz(file: h5py.File) -> None:
    for name in ("sampling_frequency", "center_frequency"):
        _put(file, SCAN + name, np.float32(file[SCAN + name][()] / 1e6))


def _dead_and_swapped(data: np.ndarray) -> np.ndarray:
    data[..., 20, :] = 0
    data[..., [30, 31], :] = data[..., [31, 30], :]
    return data


CHANGES: dict[str, Callable[[h5py.File], None]] = {
    "geometry_in_mm": lambda f: _put(f, PROBE + "probe_geometry", f[PROBE + "probe_geometry"][()] * 1e3),
    "frequencies_in_mhz": _both_in_mhz,
    "times_in_us": lambda f: _put(f, SCAN + "initial_times", np.full(f[RAW].shape[1], 5.2, "f4")),
    "speed_in_mm_per_us": lambda f: _put(f, SCAN + "sound_speed", np.float32(6.3)),
    "no_sound_speed": lambda f: f.__delitem__(SCAN + "sound_speed"),
    "no_center_frequency": lambda f: f.__delitem__(SCAN + "center_frequency"),
    "speed_nan": lambda f: _put(f, SCAN + "sound_speed", np.float32("nan")),
    "initial_times_differ": lambda f: _put(
        f, SCAN + "initial_times", f[SCAN + "initial_times"][()] + np.linspace(0, 1e-6, f[RAW].shape[1]).astype("f4")
    ),
    "initial_time_negative": lambda f: _put(f, SCAN + "initial_times", np.full(f[RAW].shape[1], -2e-6, "f4")),
    "waveforms_two_way": lambda f: f.__setitem__(SCAN + "waveforms_two_way", np.zeros((1, 300), "f4")),
    "float64": lambda f: _put_raw(f, lambda data: data.astype("<f8")),
    "int32": lambda f: _put_raw(f, lambda data: data.astype("<i4")),
    "float16": lambda f: _put_raw(f, lambda data: data.astype("<f2")),
    "big_endian": lambda f: _put_raw(f, lambda data: data.astype(">i2")),
    "iq_as_two_channels": lambda f: _put_raw(f, lambda data: np.concatenate([data, data], -1)),
    "axes_exchanged": lambda f: _put_raw(f, lambda data: data.swapaxes(2, 3)),
    "tx_and_rx_exchanged": lambda f: _put_raw(f, lambda data: data.transpose(0, 3, 2, 1, 4)),
    "x_from_the_corner": lambda f: _put_x(f, lambda x: x - x[0]),
    "elements_right_to_left": lambda f: _put_x(f, lambda x: x[::-1]),
    "element_width_0": lambda f: _put(f, PROBE + "element_width", np.float32(0)),
    "scalar_as_array": lambda f: _put(f, SCAN + "sampling_frequency", f[SCAN + "sampling_frequency"][()].reshape(1)),
    "two_tracks": lambda f: f.copy("tracks/track_0", "tracks/track_1"),
    "no_frames": lambda f: _put_raw(f, lambda data: data[:0]),
    "dead_and_swapped_elements": lambda f: _put_raw(f, _dead_and_swapped),
    "saturated": lambda f: _put_raw(f, lambda data: (data.astype("i4") * 400).clip(-32768, 32767).astype("<i2")),
}
"""How each is made of the zea file."""

FOREIGN: dict[str, tuple[str, ...]] = {
    "uff_of_the_other_standard.uff": ("UFF of the other standard", "no probes"),
    "picmus.hdf5": ("PICMUS", "lacks angles"),
    "zea_before_0.1.hdf5": ("zea", "before 0.1", "lacks probe_geometry"),
    "ustb_other_object.uff": ("UFF (USTB)", "channel_data_FI lacks data"),
    "empty.h5": ("empty file",),
    "table.csv": ("text", "no format that can be read"),
    "cut_in_half.hdf5": ("not a complete HDF5 file", "copy or export it again"),
}
"""Files of other standards, or of none; all are refused, in these words."""


def make_foreign(base: Path, folder: Path) -> None:
    """Writes the files of `FOREIGN`."""
    with h5py.File(folder / "uff_of_the_other_standard.uff", "w") as file:
        file["version/major"], file["channel_data/sound_speed"] = 0, 1540.0
        file["channel_data/data"] = np.zeros((1, 4, 4, 64), "f4")
        file["channel_data"].create_group("probes")
    with h5py.File(folder / "picmus.hdf5", "w") as file:
        file["US/US_DATASET0000/data/real"] = np.zeros((75, 128, 100), "f4")
    with h5py.File(folder / "zea_before_0.1.hdf5", "w") as file:
        file["data/raw_data"], file["scan/n_ax"] = np.zeros((1, 4, 64, 4, 1), "f4"), 64
    with h5py.File(folder / "ustb_other_object.uff", "w") as file:
        file.create_group("channel_data_FI").attrs["class"] = "uff.channel_data"
    (folder / "empty.h5").write_bytes(b"")
    (folder / "table.csv").write_text("time,volt\n0,1\n1,2\n")
    content = base.read_bytes()
    (folder / "cut_in_half.hdf5").write_bytes(content[: len(content) // 2])
