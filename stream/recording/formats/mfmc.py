"""MFMC 2.0: HDF5 with groups of TYPE "PROBE" and "SEQUENCE"; each trace refers to the laws that transmit and receive.

Only laws of one element without delay make up a full (or half) matrix. The file's time axis is taken as it stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.geometry import Acquisition, Probe
from sonolucent.stream.recording import hdf5, layout
from sonolucent.stream.recording.formats.foreign import ForeignRecording
from sonolucent.stream.recording.formats.full_matrix import full_matrix
from sonolucent.stream.recording.formats.linear_array import linear_probe


def read_mfmc(path: Path) -> ForeignRecording:
    """The first sequence of a file, by name; its frames are float32. Half matrices are completed by reciprocity.

    Raises:
        RecordingError: damaged, of another version, with several probes, or with laws of several elements.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "MFMC"):
        if not _text(file.attrs["VERSION"]).startswith("2"):
            raise ValueError(f"version {_text(file.attrs['VERSION'])}; 2.0 can be read")
        sequence = _first(file, "SEQUENCE")
        traces = sequence["MFMC_DATA"]
        layout.require_rows(file, traces.name, traces.shape[1:], ("<i2", "<f4", "<f8", "|i1", "|u1", "<i4"))
        probe = _probe(file, sequence)
        tx, rx = (_elements(file, sequence[f"{side}_LAW"]) for side in ("TRANSMIT", "RECEIVE"))
        if traces.ndim != 3 or len(tx) != traces.shape[1] or len(rx) != traces.shape[1]:
            raise ValueError(f"data of {traces.shape} with {len(tx)} transmit laws; expected (frame, trace, sample)")

        def read(i: int) -> NDArray[np.float32]:
            return full_matrix(traces[i], tx, rx, probe.n_elements)[0]

        _, elements = full_matrix(traces[0], tx, rx, probe.n_elements)
        return ForeignRecording("MFMC", path, _acquisition(sequence, probe, elements), None, len(traces), read)


def _acquisition(sequence: h5py.Group, probe: Probe, elements: list[int]) -> Acquisition:
    step_s = _number(sequence.attrs["TIME_STEP"])
    return Acquisition(
        probe=probe,
        tx_elements=elements,
        n_samples=sequence["MFMC_DATA"].shape[2],
        sampling_frequency_hz=1 / step_s if step_s > 0 else 0.0,
        initial_time_s=_number(sequence.attrs["START_TIME"]),
        # Of shear and longitudinal waves.
        sound_speed_m_s=float(np.ravel(sequence.attrs["SPECIMEN_VELOCITY"])[1]),
    )


def _probe(file: h5py.File, sequence: h5py.Group) -> Probe:
    references = np.ravel(layout.read_values(sequence["PROBE_LIST"]))
    if len(references) != 1:
        raise ValueError(f"the sequence uses {len(references)} probes; those of one can be read")
    probe = file[references[0]]
    centres = layout.read_values(probe["ELEMENT_POSITION"])
    if np.ptp(centres[:, 1:]) > 1e-6:
        raise ValueError("the elements are not in a straight line along x")
    half_sides = [np.abs(layout.read_values(probe[f"ELEMENT_{axis}"])[:, 0]).max() for axis in ("MINOR", "MAJOR")]
    bandwidth = _number(probe.attrs["BANDWIDTH"]) if "BANDWIDTH" in probe.attrs else None
    center_hz = _number(probe.attrs["CENTRE_FREQUENCY"])
    relative = None if bandwidth is None else bandwidth / center_hz
    return linear_probe(centres[:, 0], 2 * float(max(half_sides)), center_hz, relative)


def _elements(file: h5py.File, laws: h5py.Dataset) -> NDArray[np.int_]:
    """The one element of each trace's law, from 0; in the file they count from 1."""
    known: dict[str, int] = {}
    elements = []
    for reference in np.ravel(layout.read_values(laws)):
        law = file[reference]
        if law.name not in known:
            known[law.name] = _element(law)
        elements.append(known[law.name])
    return np.array(elements)


def _element(law: h5py.Group) -> int:
    element = np.ravel(layout.read_values(law["ELEMENT"]))
    delayed = "DELAY" in law and np.any(layout.read_values(law["DELAY"]))
    if len(element) != 1 or delayed or element[0] < 1:
        raise ValueError(f"{law.name} is not one element without delay; only full and half matrices can be read")
    return int(element[0]) - 1


def _first(file: h5py.File, kind: str) -> h5py.Group:
    for name in sorted(file):
        if _text(file[name].attrs.get("TYPE", "")) == kind:
            return file[name]
    raise ValueError(f"it holds no group of TYPE {kind}")


def _text(value: Any) -> str:
    one = np.ravel(value)[0]
    return one.decode() if isinstance(one, bytes) else str(one)


def _number(value: Any) -> float:
    return float(np.ravel(value)[0])
