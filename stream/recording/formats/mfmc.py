"""MFMC 2.0: HDF5 with groups of TYPE "PROBE" and "SEQUENCE"; each trace refers to the laws that transmit and receive.

Only laws of one element without delay make up a full (or half) matrix. The file's time axis is taken as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, hdf5_values, layout
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, single_elements
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.full_matrix import full_matrix
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.parts import chosen
from sonolucent.stream.recording.hdf5_values import attribute
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.read_budget import charge
from sonolucent.stream.recording.sanity import Claim


def recognise(start: FileStart) -> bool:
    """Whether the file says so itself."""
    return start.hdf5 is not None and _text(attribute(start.hdf5, "TYPE", "")) == "MFMC"


def read_mfmc(path: Path, options: ReadOptions) -> ForeignRecording:
    """A sequence of a file, the first by name; its frames are float32. Half matrices are completed by reciprocity.

    Raises:
        RecordingError: cut off, of another version, with several probes, or with laws of several elements.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "MFMC"):
        version = _text(_required(file, "VERSION"))
        if not version.startswith("2"):
            raise ValueError(f"version {version}; 2.0 can be read")
        return admit(path, _describe(file, options.part), options)


def _describe(file: h5py.File, part: str | None) -> FileDescription:
    name, notes = chosen(
        [n for n in hdf5.members(file) if _text(attribute(file[n], "TYPE", "")) == "SEQUENCE"], part, "sequence"
    )
    sequence = file[name]
    traces = sequence["MFMC_DATA"]
    layout.require_rows(file, traces.name, traces.shape[1:], ("<i2", "<f4", "<f8", "|i1", "|u1", "<i4"))
    probe = _probe(file, sequence)
    x_m = along_the_array(Claim("ELEMENT_POSITION", layout.read_values(probe["ELEMENT_POSITION"])))
    tx, rx = (_elements(file, sequence[f"{side}_LAW"]) for side in ("TRANSMIT", "RECEIVE"))
    if traces.ndim != 3 or len(tx) != traces.shape[1] or len(rx) != traces.shape[1]:
        raise ValueError(f"data of {traces.shape} with {len(tx)} transmit laws; expected (frame, trace, sample)")
    first = hdf5_values.read(traces, 0) if len(traces) else None
    frame, elements = (np.empty((0, 0, 0)), []) if first is None else full_matrix(first, tx, rx, len(x_m.value))
    center_hz = _number(_required(probe, "CENTRE_FREQUENCY"))
    step_s = _number(_required(sequence, "TIME_STEP"))
    return FileDescription(
        format="MFMC",
        shape=frame.shape,
        n_frames=len(traces),
        read=lambda i: full_matrix(hdf5_values.read(traces, i), tx, rx, len(x_m.value))[0],
        dtype=np.dtype(np.float32),
        element_x_m=x_m,
        element_width_m=_width(probe),
        center_frequency_hz=Claim("CENTRE_FREQUENCY", center_hz),
        # A centre of 0 is refused as such.
        fractional_bandwidth=_number(_required(probe, "BANDWIDTH")) / (center_hz or 1.0)
        if "BANDWIDTH" in probe.attrs
        else None,
        sampling_frequency_hz=Claim("the rate by TIME_STEP", 1 / step_s if step_s > 0 else 0.0),
        initial_times_s=Claim("START_TIME", _number(_required(sequence, "START_TIME"))),
        # Of shear and longitudinal waves.
        sound_speed_m_s=Claim("SPECIMEN_VELOCITY", np.ravel(_required(sequence, "SPECIMEN_VELOCITY"))[1]),
        notes=notes,
        firing=single_elements(elements, len(x_m.value)),
    )


def _probe(file: h5py.File, sequence: h5py.Group) -> h5py.Group:
    references = np.ravel(layout.read_values(sequence["PROBE_LIST"]))
    if len(references) != 1:
        raise ValueError(f"the sequence uses {len(references)} probes; those of one can be read")
    return file[references[0]]


def _width(probe: h5py.Group) -> Claim:
    half_sides = [np.abs(layout.read_values(probe[f"ELEMENT_{axis}"])[:, 0]).max() for axis in ("MINOR", "MAJOR")]
    return Claim("the width by ELEMENT_MINOR and ELEMENT_MAJOR", 2 * float(max(half_sides)))


def _elements(file: h5py.File, laws: h5py.Dataset) -> NDArray[np.int_]:
    """The one element of each trace's law, from 0; in the file they count from 1."""
    known: dict[str, int] = {}
    elements = []
    for reference in np.ravel(layout.read_values(laws)):
        charge(hdf5_values.OPEN_BYTES, laws.name)
        law = file[reference]
        if law.name not in known:
            known[law.name] = _element(law)
        elements.append(known[law.name])
    return np.array(elements)


def _element(law: h5py.Group) -> int:
    element = np.ravel(layout.read_values(law["ELEMENT"]))
    delayed = hdf5.holds(law, "DELAY") and np.any(layout.read_values(law["DELAY"]))
    if len(element) != 1 or delayed or element[0] < 1:
        raise ValueError(f"{law.name} is not one element without delay; only full and half matrices can be read")
    return int(element[0]) - 1


def _required(item: h5py.Group, name: str) -> Any:
    value = attribute(item, name)
    if value is None:
        raise ValueError(f"{item.name} has no {name}")
    return value


def _text(value: Any) -> str:
    one = np.ravel(value)[0]
    return one.decode() if isinstance(one, bytes) else str(one)


def _number(value: Any) -> float:
    return float(np.ravel(value)[0])


FORMAT = FileFormat("MFMC", recognise, read_mfmc)
