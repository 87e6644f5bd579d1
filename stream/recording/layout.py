"""The layout of a recording: where geometry, frames and counts lie in the HDF5 file (docs/reference/recording.md)."""

from __future__ import annotations

import math
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, ImageGrid, Probe
from sonolucent.stream.messages import Channels, Frame, Stream

FORMAT = "sonolucent"
VERSION = 1

RAW = "tracks/track_0/data/raw_data"
BMODE = "tracks/track_0/data/image"
ENHANCED = "tracks/track_0/data/enhanced"
RAW_INDEX = "tracks/track_0/index/raw_data"
IMAGE_INDEX = "tracks/track_0/index/image"
LOST = "tracks/track_0/index/lost"
LEDGER = "metadata/ledger"

_MAX_VALUES_BYTES = 1 << 24
_MAX_FRAME_BYTES = 1 << 30

RAW_ROW = np.dtype([("frame_id", "<i8"), ("acquired_ns", "<i8"), ("acquired_utc_ns", "<i8")])
IMAGE_ROW = np.dtype(
    [*RAW_ROW.descr, ("dynamic_range_db", "<f8"), ("model", "S64"), ("device", "S16"), ("skipped", "S96")]
)
LOST_ROW = np.dtype([("data", "S16"), ("frame_id", "<i8"), ("reason", "S32")])


def kind(frame: Frame) -> str:
    """The name of the dataset that holds such frames: "raw_data" or "image"."""
    return (RAW if isinstance(frame, Channels) else BMODE).rpartition("/")[2]


def write_stream(file: h5py.File, stream: Stream) -> None:
    """Writes the geometry of a stream."""
    acquisition, probe = stream.acquisition, stream.acquisition.probe
    file.attrs.update({"format": FORMAT, "version": VERSION})
    scan, array = file.create_group("scan"), file.create_group("probe")
    _put(array, "probe_geometry", [(x, 0.0, 0.0) for x in probe.element_x_m], "m")
    _put(array, "pitch", probe.pitch_m, "m")
    _put(array, "element_width", probe.element_width_m, "m")
    _put(array, "center_frequency", probe.center_frequency_hz, "Hz")
    _put(array, "fractional_bandwidth", probe.fractional_bandwidth, "1")
    _put(scan, "tx_elements", np.array(acquisition.tx_elements, "<i8"), "1")
    _put(scan, "n_ax", acquisition.n_samples, "1")
    _put(scan, "sampling_frequency", acquisition.sampling_frequency_hz, "Hz")
    _put(scan, "center_frequency", probe.center_frequency_hz, "Hz")
    _put(scan, "initial_times", np.full(acquisition.n_tx, acquisition.initial_time_s), "s")
    _put(scan, "sound_speed", acquisition.sound_speed_m_s, "m/s")
    if stream.frame_rate_hz is not None:
        _put(scan, "frame_rate", stream.frame_rate_hz, "Hz")
    grid = scan.create_group("grid")
    _put(grid, "origin", [stream.grid.x0_m, stream.grid.z0_m], "m")
    _put(grid, "spacing", [stream.grid.dx_m, stream.grid.dz_m], "m")
    _put(grid, "x", stream.grid.x_m, "m")
    _put(grid, "z", stream.grid.z_m, "m")


def read_values(dataset: h5py.Dataset) -> NDArray[Any]:
    """All of a small dataset.

    Raises:
        ValueError: it is larger than anything but frames has reason to be; a damaged shape must not fill the memory.
    """
    if dataset.size * dataset.dtype.itemsize > _MAX_VALUES_BYTES:
        raise ValueError(f"{dataset.name} claims {dataset.size} values")
    values: NDArray[Any] = dataset[...]
    return values


def require_rows(file: h5py.File, path: str, row_shape: tuple[int, ...], dtypes: tuple[str, ...]) -> None:
    """Refuses a dataset of frames that do not fit the geometry.

    Raises:
        ValueError: its rows have another shape or type, or its chunks are too large to be read.
    """
    if path not in file:
        return
    frames = file[path]
    if frames.shape[1:] != row_shape or frames.dtype.str not in dtypes:
        raise ValueError(f"{path} holds rows of {frames.shape[1:]} {frames.dtype}, where {row_shape} was expected")
    if math.prod(frames.chunks or (1,)) * frames.dtype.itemsize > _MAX_FRAME_BYTES:
        raise ValueError(f"{path} has chunks of {frames.chunks}, beyond {_MAX_FRAME_BYTES} bytes")


def read_stream(file: h5py.File) -> Stream:
    """The stream whose geometry `write_stream` wrote.

    Raises:
        KeyError, ValueError: something is missing or impossible.
    """
    scan, array = file["scan"], file["probe"]
    probe = Probe(
        n_elements=len(array["probe_geometry"]),
        pitch_m=_number(array["pitch"]),
        element_width_m=_number(array["element_width"]),
        center_frequency_hz=_number(array["center_frequency"]),
        fractional_bandwidth=_number(array["fractional_bandwidth"]),
    )
    acquisition = Acquisition(
        probe=probe,
        tx_elements=[int(e) for e in read_values(scan["tx_elements"])],
        n_samples=int(_number(scan["n_ax"])),
        sampling_frequency_hz=_number(scan["sampling_frequency"]),
        initial_time_s=float(read_values(scan["initial_times"])[0]),
        sound_speed_m_s=_number(scan["sound_speed"]),
    )
    rate = _number(scan["frame_rate"]) if "frame_rate" in scan else None
    dtype = file[RAW].dtype.str if RAW in file else "<i2"
    return Stream(acquisition, _read_grid(scan["grid"]), rate, "<f4" if dtype == "<f4" else "<i2")


def create_rows(file: h5py.File, path: str, row_shape: tuple[int, ...], dtype: Any, units: str) -> h5py.Dataset:
    """A dataset that grows by one row, one chunk, a frame; missing rows read as NaN where there is a NaN."""
    fill = np.nan if np.dtype(dtype).kind == "f" else None
    dataset = file.create_dataset(
        path, (0, *row_shape), maxshape=(None, *row_shape), chunks=(1, *row_shape), dtype=dtype, fillvalue=fill
    )
    dataset.attrs["units"] = units
    return dataset


def create_index(file: h5py.File, path: str, dtype: np.dtype[Any]) -> h5py.Dataset:
    """The table beside a dataset of frames: one row a frame."""
    return file.create_dataset(path, (0,), maxshape=(None,), chunks=(256,), dtype=dtype)


def _read_grid(group: h5py.Group) -> ImageGrid:
    (x0, z0), (dx, dz) = read_values(group["origin"]), read_values(group["spacing"])
    return ImageGrid(float(x0), float(z0), float(dx), float(dz), len(group["z"]), len(group["x"]))


def _put(group: h5py.Group, name: str, value: Any, units: str) -> None:
    group.create_dataset(name, data=value).attrs["units"] = units


def _number(dataset: h5py.Dataset) -> float:
    return float(read_values(dataset)[()])
