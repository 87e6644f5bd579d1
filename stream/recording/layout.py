"""The layout of a recording: where geometry, frames and counts lie in the HDF5 file (docs/reference/recording.md)."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import h5py
import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.beamform.probe import Probe
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.stream.messages import Channels, ChannelType, Frame, Stream
from sonolucent.stream.recording import hdf5, hdf5_values

FORMAT = "sonolucent"
VERSION = 1

RAW = "tracks/track_0/data/raw_data"
BMODE = "tracks/track_0/data/image"
ENHANCED = "tracks/track_0/data/enhanced"
RAW_INDEX = "tracks/track_0/index/raw_data"
IMAGE_INDEX = "tracks/track_0/index/image"
LOST = "tracks/track_0/index/lost"
IMAGING = "metadata/imaging"
NOTE = "description"
"""The attribute with what a user wrote about the recording, as in zea."""

_MAX_VALUES_BYTES = 1 << 24

RAW_ROW = np.dtype([("frame_id", "<i8"), ("acquired_ns", "<i8"), ("acquired_utc_ns", "<i8")])
IMAGE_ROW = np.dtype(
    [
        *RAW_ROW.descr,
        ("dynamic_range_db", "<f8"),
        ("model", "S64"),
        ("device", "S16"),
        ("skipped", "S96"),
        ("revision", "<i8"),
        ("strength", "<f8"),
    ]
)
LOST_ROW = np.dtype([("data", "S16"), ("frame_id", "<i8"), ("reason", "S32")])


class Revision(NamedTuple):
    """A line of `IMAGING`."""

    revision: int
    imaging: ImagingSettings


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
    _write_transmits(scan, acquisition)
    _put(scan, "n_ax", acquisition.n_samples, "1")
    _put(scan, "sampling_frequency", acquisition.sampling_frequency_hz, "Hz")
    _put(scan, "center_frequency", probe.center_frequency_hz, "Hz")
    if acquisition.is_baseband:
        _put(scan, "demodulation_frequency", acquisition.demodulation_frequency_hz, "Hz")
    if acquisition.dead_elements:
        _put(scan, "dead_elements", np.array(acquisition.dead_elements, "<i8"), "1")
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
    return hdf5_values.read(dataset)


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
    hdf5_values.require_chunks(frames)


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
        **_read_transmits(scan),
        n_samples=int(_number(scan["n_ax"])),
        sampling_frequency_hz=_number(scan["sampling_frequency"]),
        initial_time_s=_the_initial_time_s(scan),
        sound_speed_m_s=_number(scan["sound_speed"]),
        demodulation_frequency_hz=_number(scan["demodulation_frequency"])
        if hdf5.holds(scan, "demodulation_frequency")
        else 0.0,
        dead_elements=[int(e) for e in read_values(scan["dead_elements"])] if hdf5.holds(scan, "dead_elements") else (),
    )
    if math.prod(acquisition.shape) > hdf5_values.MAX_CHUNK_BYTES:
        raise ValueError(f"frames of {acquisition.shape} are beyond {hdf5_values.MAX_CHUNK_BYTES} samples")
    rate = _number(scan["frame_rate"]) if hdf5.holds(scan, "frame_rate") else None
    return Stream(acquisition, _read_grid(scan["grid"]), rate, _sample_type(file, acquisition))


def raw_rows(stream: Stream) -> tuple[tuple[int, ...], str]:
    """The shape and the type of a frame of channel data in the file.

    As in zea, complex samples are pairs of real ones, the last axis: C, Fortran and MATLAB read them without more ado.
    """
    shape = stream.acquisition.shape
    return ((*shape, 2), "<f4") if stream.acquisition.is_baseband else (shape, stream.dtype)


def to_raw_row(data: NDArray[Any]) -> NDArray[Any]:
    """A frame (n_tx, n_rx, n_samples) as it lies in the file, the twin of `from_raw_row`."""
    if not np.iscomplexobj(data):
        return data
    return np.ascontiguousarray(data, np.complex64).view(np.float32).reshape(*data.shape, 2)


def from_raw_row(row: NDArray[Any], stream: Stream) -> NDArray[Any]:
    """The frame (n_tx, n_rx, n_samples) that lies in the file as `row`."""
    return row.view(np.complex64)[..., 0] if stream.acquisition.is_baseband else row


def create_rows(file: h5py.File, path: str, row_shape: tuple[int, ...], dtype: Any, units: str) -> h5py.Dataset:
    """A dataset that grows by one row, one chunk, a frame; missing rows read as NaN where there is a NaN."""
    fill = np.nan if np.dtype(dtype).kind == "f" else None
    dataset = file.create_dataset(
        path, (0, *row_shape), maxshape=(None, *row_shape), chunks=(1, *row_shape), dtype=dtype, fillvalue=fill
    )
    dataset.attrs["units"] = units
    return dataset


def create_text(file: h5py.File, path: str) -> h5py.Dataset:
    """A text to which `append_line` adds while others read the file."""
    return file.create_dataset(path, (0,), maxshape=(None,), chunks=(4096,), dtype="u1")


def append_line(dataset: h5py.Dataset, document: object) -> None:
    """Adds a line of JSON to a text; what was there before is not touched."""
    line = np.frombuffer(msgspec.json.encode(document) + b"\n", "u1")
    end = len(dataset)
    dataset.resize((end + len(line),))
    dataset[end:] = line


def read_lines(dataset: h5py.Dataset) -> list[bytes]:
    """The lines of a text; one whose writer was cut off is left out."""
    lines = read_values(dataset).tobytes().split(b"\n")[:-1]
    return [line for line in lines if line and 0 not in line]


def create_index(file: h5py.File, path: str, dtype: np.dtype[Any]) -> h5py.Dataset:
    """The table beside a dataset of frames: one row a frame."""
    return file.create_dataset(path, (0,), maxshape=(None,), chunks=(256,), dtype=dtype)


def _write_transmits(scan: h5py.Group, acquisition: Acquisition) -> None:
    """Single elements, or the tables of a sequence: programs that know no sequences miss `tx_elements` and stop."""
    if acquisition.sequence is None:
        _put(scan, "tx_elements", np.array(acquisition.tx_elements, "<i8"), "1")
    else:
        _put(scan, "t0_delays", acquisition.sequence.delays_s, "s")
        _put(scan, "tx_apodizations", acquisition.sequence.apodization, "1")


def _read_transmits(scan: h5py.Group) -> dict[str, Any]:
    if not hdf5.holds(scan, "t0_delays"):
        return {"tx_elements": [int(e) for e in read_values(scan["tx_elements"])]}
    return {"sequence": TransmitSequence(read_values(scan["t0_delays"]), read_values(scan["tx_apodizations"]))}


def _the_initial_time_s(scan: h5py.Group) -> float:
    times_s = read_values(scan["initial_times"])
    if np.ptp(times_s) > 0:
        raise ValueError(f"initial_times differ from shot to shot, {times_s.min():g} to {times_s.max():g} s")
    return float(times_s[0])


def _sample_type(file: h5py.File, acquisition: Acquisition) -> ChannelType:
    if acquisition.is_baseband:
        return "<c8"
    return "<f4" if RAW in file and file[RAW].dtype.str == "<f4" else "<i2"


def _read_grid(group: h5py.Group) -> ImageGrid:
    (x0, z0), (dx, dz) = read_values(group["origin"]), read_values(group["spacing"])
    return ImageGrid(float(x0), float(z0), float(dx), float(dz), len(group["z"]), len(group["x"]))


def _put(group: h5py.Group, name: str, value: Any, units: str) -> None:
    group.create_dataset(name, data=value).attrs["units"] = units


def _number(dataset: h5py.Dataset) -> float:
    return float(read_values(dataset)[()])
