"""Reads the ultrasound file format (UFF) of the other standard: version 0.3 of its specification, HDF5 with `version`
and `channel_data` (or `uff.channel_data`).

Data are (frame, event, channel, sample), real, or `data_real` and `data_imag`. Lists are groups of numbered members,
which indices name from 1. An event's clock: `transmit_waves.time_offset` is when its wave passes
`time_zero_reference_point`, `receive_setup.time_offset` is that of the first sample. Built from the specification
(bitbucket.org/ultrasound_file_format/uff/wiki); it leaves open whether the centre or the start of the pulse passes the
point, and what the carrier of I and Q counts from: here the centre, and the event's clock.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, hdf5_values
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.numbered_members import NumberedMembers, claim, index_of, optional_claim, point
from sonolucent.stream.recording.formats.wave_delays import circular_wave_delays_s, plane_wave_delays_s
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.read_budget import charge, shot_table
from sonolucent.stream.recording.sanity import Claim, number, numbers

_NAME = "UFF of the other standard"
_ROOTS = ("channel_data", "uff.channel_data")
_CONVERGING, _DIVERGING, _PLANE = 0, 1, 2
_ON_ELEMENT_M = 1e-5
# Of a sample, padded to eight: complex, its power and frequencies.
_SPECTRUM_BYTES = 320
_REQUIRED = ("probes", "unique_waves", "unique_events", "sequence")


def recognise(start: FileStart) -> bool:
    """Whether the file has the standard's version and channel data."""
    file = start.hdf5
    return file is not None and "version/major" in file and any(r in file for r in _ROOTS)


def read_uff_consortium(path: Path, options: ReadOptions) -> ForeignRecording:
    """The channel data of a file.

    Raises:
        RecordingError: cut off, or without what images need.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, _NAME):
        root = next(file[name] for name in _ROOTS if name in file)
        return admit(path, _describe(root, options), options)


def _describe(root: h5py.Group, options: ReadOptions) -> FileDescription:
    missing = [name for name in _REQUIRED if not hdf5.holds(root, name) or not hdf5.members(root[name])]
    if missing:
        raise ValueError(f"channel_data has no {', '.join(missing)}; without them there is no geometry")
    real, imaginary = _data(root)
    unique = NumberedMembers(root["unique_events"])
    events = [unique[index_of(timed, "event")] for timed in NumberedMembers(root["sequence"])]
    setups = [NumberedMembers(event["receive_setup"])[0] for event in events]
    probe = NumberedMembers(root["probes"])[index_of(setups[0], "probe")]
    x_m, width = _array(probe)
    speed = optional_claim(root, "sound_speed")
    # Without either, the file is refused before delays matter.
    speed_m_s = number(speed) if speed.value is not None else options.sound_speed_m_s or np.inf
    waves, elements_m = NumberedMembers(root["unique_waves"]), numbers(x_m)
    shots = (np.stack(_shot(waves, event, elements_m, speed_m_s)) for event in events)
    table = shot_table(shots, f"{len(events)} events")
    _require_whole(setups, len(x_m.value))
    offsets_s = [number(claim(setup, "time_offset")) for setup in setups]
    rate = optional_claim(root, "repetition_rate")
    return FileDescription(
        format=_NAME,
        shape=real.shape[1:],
        n_frames=real.shape[0],
        read=lambda i: _frame(real, imaginary, i),
        dtype=real.dtype if imaginary is None else np.dtype(np.complex64),
        element_x_m=x_m,
        element_width_m=width,
        center_frequency_hz=_center_frequency(root),
        sampling_frequency_hz=claim(setups[0], "sampling_frequency"),
        sound_speed_m_s=speed,
        initial_times_s=Claim("receive_setup/time_offset", np.array(offsets_s)),
        firing=Firing(Claim("unique_waves", table[:, 0]), Claim("unique_waves", table[:, 1])),
        demodulation_frequency_hz=optional_claim(setups[0], "modulation_frequency"),
        frame_rate_hz=None if rate.value is None else number(rate) or None,
        notes=("the centre of the pulse is taken to pass time_zero_reference_point at time_offset",),
    )


def _data(root: h5py.Group) -> tuple[h5py.Dataset, h5py.Dataset | None]:
    name = "data_real" if hdf5.holds(root, "data_real") else "data"
    real, imaginary = root[name], root.get("data_imag")
    for part in (real, imaginary):
        if part is not None:
            hdf5_values.require_filters(part)
            hdf5_values.require_chunks(part)
    if real.ndim != 4 or (imaginary is not None and imaginary.shape != real.shape):
        raise ValueError(f"channel_data/{name} has shape {real.shape}; (frame, event, channel, sample) is due")
    return real, imaginary


def _frame(real: h5py.Dataset, imaginary: h5py.Dataset | None, i: int) -> NDArray[Any]:
    frame = hdf5_values.read(real, i)
    return frame if imaginary is None else (frame + 1j * hdf5_values.read(imaginary, i)).astype(np.complex64)


def _shot(
    waves: NumberedMembers, event: h5py.Group, x_m: NDArray[np.float64], sound_speed_m_s: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each element fires in an event, and its weight, (n_el,)."""
    transmitted = NumberedMembers(NumberedMembers(event["transmit_setup"])[0]["transmit_waves"])
    if len(transmitted) != 1:
        raise ValueError(f"{event.name} transmits {len(transmitted)} waves; events of one can be read")
    wave = waves[index_of(transmitted[0], "wave")]
    weight, offset = (optional_claim(transmitted[0], name).value for name in ("weight", "time_offset"))
    passes_s = 0.0 if offset is None else number(Claim("time_offset", offset))
    weights = np.full(len(x_m), 1.0 if weight is None else number(Claim("weight", weight)))
    kind = int(number(claim(wave, "type" if hdf5.holds(wave, "type") else "wave_type")))
    reference = point(transmitted[0].get("time_zero_reference_point"))
    if kind == _PLANE:
        return passes_s + _plane(wave, x_m, reference, sound_speed_m_s), weights
    if kind not in (_CONVERGING, _DIVERGING):
        raise ValueError(f"{wave.name} is of type {kind}; converging, diverging and plane waves can be read")
    source = point(wave["origin/position"] if hdf5.holds(wave["origin"], "position") else wave["origin/translation"])
    alone = np.abs(x_m - source[0]) < _ON_ELEMENT_M
    if abs(source[2]) < _ON_ELEMENT_M and alone.any():
        farther_s = np.hypot(*(reference - source)[[0, 2]]) / sound_speed_m_s
        return passes_s - farther_s * alone, weights * alone
    return passes_s + _circular(source, x_m, reference, sound_speed_m_s), weights


def _plane(
    wave: h5py.Group, x_m: NDArray[np.float64], reference: NDArray[np.float64], c_m_s: float
) -> NDArray[np.float64]:
    rotation = point(wave["origin/rotation"])
    if np.abs(rotation[[0, 2]]).max() > 1e-6:
        raise ValueError(f"{wave.name} leaves the plane of the image; rotations around y alone can be read")
    at_point_s = (reference[0] * np.sin(rotation[1]) + reference[2] * np.cos(rotation[1])) / c_m_s
    return np.asarray(plane_wave_delays_s(x_m, float(rotation[1]), c_m_s) - at_point_s, dtype=np.float64)


def _circular(
    source: NDArray[np.float64], x_m: NDArray[np.float64], reference: NDArray[np.float64], c_m_s: float
) -> NDArray[np.float64]:
    delays_s = circular_wave_delays_s(x_m, (float(source[0]), float(source[2])), c_m_s)
    way = np.sign(-source[2]) if source[2] else 1.0
    at_point_s = way * (np.hypot(*(reference - source)[[0, 2]]) - np.hypot(source[0], source[2])) / c_m_s
    return np.asarray(delays_s - at_point_s, dtype=np.float64)


def _array(probe: h5py.Group) -> tuple[Claim, Claim | None]:
    """The x of the elements, and their width."""
    if hdf5.holds(probe, "number_elements") and hdf5.holds(probe, "pitch"):
        n, pitch_m = int(number(claim(probe, "number_elements"))), number(claim(probe, "pitch"))
        if 1 < n < 1 << 16:
            width = optional_claim(probe, "element_width")
            x_m = Claim(f"{probe.name}/pitch", (np.arange(n) - (n - 1) / 2) * pitch_m)
            return x_m, None if width.value is None else width
    positions_m = np.array([point(element["transform/translation"]) for element in NumberedMembers(probe["element"])])
    return along_the_array(Claim(f"{probe.name}/element", positions_m)), None


def _center_frequency(root: h5py.Group) -> Claim:
    """Of the excitation, or where its waveform's spectrum has its centre."""
    if hdf5.holds(root, "unique_excitations"):
        excitation = NumberedMembers(root["unique_excitations"])[0]
        if hdf5.holds(excitation, "transmit_frequency"):
            return claim(excitation, "transmit_frequency")
        if hdf5.holds(excitation, "waveform") and hdf5.holds(excitation, "sampling_frequency"):
            return Claim("the centre of unique_excitations/waveform", _spectral_centre_hz(excitation))
    raise ValueError("unique_excitations has no transmit_frequency and no waveform; add the centre frequency in Hz")


def _spectral_centre_hz(excitation: h5py.Group) -> float:
    waveform = numbers(claim(excitation, "waveform")).ravel()
    sampling_hz = number(claim(excitation, "sampling_frequency"))
    charge(_SPECTRUM_BYTES * waveform.size, "a waveform's spectrum")
    power = np.abs(np.fft.rfft(waveform, 8 * waveform.size)) ** 2
    frequency_hz = np.fft.rfftfreq(8 * waveform.size, 1 / sampling_hz)
    heard = power > 0.25 * power.max()
    return float((frequency_hz * power)[heard].sum() / power[heard].sum()) if power.any() else 0.0


def _require_whole(setups: list[h5py.Group], n_elements: int) -> None:
    for setup in setups:
        mapping = optional_claim(setup, "channel_mapping")
        if mapping.value is not None and not np.array_equal(numbers(mapping).ravel(), np.arange(1, n_elements + 1)):
            raise ValueError(f"{mapping.field} is not 1 to {n_elements} in order; only whole apertures can be read")


FORMAT = FileFormat(_NAME, recognise, read_uff_consortium)
