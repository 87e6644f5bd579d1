"""Reads zea files: HDF5 with `tracks/track_0/{data,scan}` and `probe` from 0.1 on, `data` and `scan` before.

`raw_data` is (frame, tx, sample, rx, channel), of one channel, or two for I and Q. zea's clock of a shot starts when
its first element fires; the peak of the pulse comes later, as `waveforms_two_way` (at 250 MHz) shows, or by
1 / center_frequency where the file holds none (`zea.Parameters.t_peak`). The carrier of I and Q starts with the first
sample (`zea.beamform.beamformer.tof_correction` turns phases by delays that count from there).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.printable import named
from sonolucent.stream.recording import hdf5, hdf5_values
from sonolucent.stream.recording.admission import admit
from sonolucent.stream.recording.file_description import FileDescription, Firing
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.formats.linear_array import along_the_array
from sonolucent.stream.recording.formats.parts import chosen
from sonolucent.stream.recording.formats.zea_fields import ZeaFields
from sonolucent.stream.recording.formats.zea_writer import write_zea
from sonolucent.stream.recording.known_formats import FileFormat, FileStart, ReadOptions
from sonolucent.stream.recording.sanity import Claim, number, numbers

_REQUIRED = ("probe_geometry", "sampling_frequency", "initial_times", "t0_delays", "tx_apodizations")


def recognise(start: FileStart) -> bool:
    """Whether the file has zea's version, or the groups of before 0.1."""
    if start.hdf5 is None:
        return False
    old = "scan" in start.hdf5 and "data/raw_data" in start.hdf5 and "format" not in start.hdf5.attrs
    return "zea_version" in start.hdf5.attrs or old


def read_zea(path: Path, options: ReadOptions | None = None) -> ForeignRecording:
    """A track of a file, the first by default.

    Raises:
        RecordingError: cut off, without channel data, of a partial aperture, or compressed by a filter that is not
            installed.
    """
    file = hdf5.open_for_reading(path)
    with hdf5.reading(path, "zea"):
        options = options or ReadOptions()
        track, notes = _track(file, options.part)
        return admit(path, _describe(file, track, notes), options)


def _track(file: h5py.File, part: str | None) -> tuple[str, tuple[str, ...]]:
    """Where `data` and `scan` lie."""
    if "tracks" not in file:
        return "", ("a file of zea before 0.1",)
    name, notes = chosen(hdf5.members(file["tracks"]), part, "track")
    return f"tracks/{name}/", notes


def _describe(file: h5py.File, track: str, notes: tuple[str, ...]) -> FileDescription:
    if f"{track}data/raw_data" not in file:
        held = named(hdf5.members(file[f"{track}data"])) if f"{track}data" in file else "nothing"
        raise ValueError(f"{track}data holds no raw_data, only {held}; channel data are due")
    raw = file[f"{track}data/raw_data"]
    # zea compresses everything alike, also what follows.
    hdf5_values.require_filters(raw)
    scan = ZeaFields(file, track)
    scan.require(*_REQUIRED)
    if raw.ndim != 5 or raw.shape[4] not in (1, 2):
        raise ValueError(f"raw_data has shape {raw.shape}; (frame, tx, sample, rx, 1 or 2) is due")
    hdf5_values.require_chunks(raw)
    is_iq = raw.shape[4] == 2
    center_hz, center_notes = _center_frequency(scan)
    peaks_s, peak_notes = _peaks(scan, number(center_hz), raw.shape[1])
    initial_s = _one_a_shot(numbers(scan["initial_times"]), raw.shape[1], scan["initial_times"].field) - peaks_s
    return FileDescription(
        format="zea",
        shape=(raw.shape[1], raw.shape[3], raw.shape[2]),
        n_frames=raw.shape[0],
        read=lambda i: _frame(raw, i),
        dtype=np.dtype(np.complex64) if is_iq else raw.dtype,
        element_x_m=along_the_array(scan["probe_geometry"]),
        element_width_m=scan.get("element_width"),
        center_frequency_hz=center_hz,
        fractional_bandwidth=_bandwidth(scan),
        sampling_frequency_hz=scan["sampling_frequency"],
        sound_speed_m_s=scan.get("sound_speed") or Claim(f"{track}scan/sound_speed", None),
        initial_times_s=Claim(scan["initial_times"].field, initial_s),
        firing=Firing(scan["t0_delays"], scan["tx_apodizations"]),
        demodulation_frequency_hz=scan.get("demodulation_frequency")
        or Claim(f"{track}scan/demodulation_frequency", None),
        carrier_zero_s=initial_s,
        frame_rate_hz=_frame_rate_hz(scan, raw.shape[1]),
        notes=(*notes, *center_notes, *peak_notes, *_lens_note(scan)),
    )


def _frame(raw: h5py.Dataset, i: int) -> NDArray[Any]:
    frame = hdf5_values.read(raw, i)
    samples = frame[..., 0] if frame.shape[-1] == 1 else frame[..., 0].astype(np.complex64) + 1j * frame[..., 1]
    return np.asarray(samples.transpose(0, 2, 1))


def _center_frequency(scan: ZeaFields) -> tuple[Claim, tuple[str, ...]]:
    claim = scan.get("center_frequency")
    if claim is not None:
        return claim, ()
    probes = scan.get("probe_center_frequency")
    if probes is None:
        raise ValueError(
            "scan/center_frequency is missing, and probe/probe_center_frequency too; add one of them in Hz"
        )
    return probes, (f"scan/center_frequency is missing; the probe's {number(probes) / 1e6:g} MHz is taken",)


def _peaks(scan: ZeaFields, center_hz: float, n_tx: int) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """When the pulse of each shot has its peak after the element fires, (n_tx,)."""
    peaks_s = scan.waveform_peaks_s()
    if peaks_s is None:
        return np.full(n_tx, 1 / center_hz if center_hz > 0 else 0.0), ()
    if None in peaks_s:
        note = (
            "waveforms_two_way is silent; the pulse is taken to be centred 1 / center_frequency after the element fires"
        )
        return np.full(n_tx, 1 / center_hz), (note,)
    found_s = _one_a_shot(np.array(peaks_s, float), n_tx, "waveforms_two_way")
    return found_s, (
        f"the pulse's centre is found in waveforms_two_way, {found_s.mean() * 1e6:.3f} us after it starts",
    )


def _one_a_shot(values: NDArray[np.float64], n_tx: int, field: str) -> NDArray[np.float64]:
    if values.size not in (1, n_tx):
        raise ValueError(f"{field} holds {values.size} for {n_tx} transmits; one each, or one for all, is due")
    return np.broadcast_to(values.ravel(), (n_tx,)).copy()


def _bandwidth(scan: ZeaFields) -> float | None:
    percent = scan.get("probe_bandwidth_percent") or scan.get("bandwidth_percent")
    return None if percent is None else number(percent) / 100


def _frame_rate_hz(scan: ZeaFields, n_tx: int) -> float | None:
    gaps = scan.get("time_to_next_transmit")
    if gaps is None:
        return None
    gaps_s = numbers(gaps)
    total_s = float(gaps_s.sum())
    return gaps_s.size / (total_s * n_tx) if total_s > 0 else None


def _lens_note(scan: ZeaFields) -> tuple[str, ...]:
    lens = scan.get("lens_thickness") or scan.get("lens_correction")
    return () if lens is None else ("the file describes a lens; delays through it are not corrected",)


FORMAT = FileFormat("zea", recognise, read_zea, ".hdf5", write_zea)
