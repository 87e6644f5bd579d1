"""From what a file says to a recording: units held to reason, elements in order, shots on one clock, types that fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.sample_types import as_channel_data, require_convertible, type_note
from sonolucent.stream.recording import sanity
from sonolucent.stream.recording.element_order import ElementOrder, element_order
from sonolucent.stream.recording.file_description import FileDescription
from sonolucent.stream.recording.foreign import ForeignRecording
from sonolucent.stream.recording.known_formats import ReadOptions
from sonolucent.stream.recording.read_budget import charge
from sonolucent.stream.recording.sanity import Claim
from sonolucent.stream.recording.shot_clocks import ShotClocks, shot_clocks

_MAX_FRAME_BYTES = 1 << 31


def admit(path: Path, said: FileDescription, options: ReadOptions) -> ForeignRecording:
    """The recording that a file describes.

    Raises:
        ValueError: the first thing that cannot be, by the file's own name for it.
    """
    _require_frames(said)
    speed_m_s = _sound_speed(said, options)
    center_hz = sanity.frequency_hz(said.center_frequency_hz)
    sampling_hz = sanity.sampling_frequency_hz(said.sampling_frequency_hz)
    order = element_order(said, speed_m_s / center_hz, center_hz)
    clocks = shot_clocks(said, order, sampling_hz)
    demodulation_hz = _demodulation(said)
    rate_hz = said.frame_rate_hz
    if rate_hz is not None:
        rate_hz = sanity.frame_rate_hz(Claim("the frame rate", rate_hz))
    acquisition = Acquisition(
        probe=order.probe,
        **clocks.transmits,
        n_samples=clocks.n_samples,
        sampling_frequency_hz=sampling_hz,
        initial_time_s=clocks.initial_time_s,
        sound_speed_m_s=speed_m_s,
        demodulation_frequency_hz=demodulation_hz,
    )
    notes = (*said.notes, *order.notes, *clocks.notes, *type_note(said.dtype))
    turn = np.exp(-2j * np.pi * demodulation_hz * clocks.carrier_zero_s).astype(np.complex64)

    def read(i: int) -> NDArray[Any]:
        return _finished(said, said.read(i), order, clocks, turn)

    return ForeignRecording(said.format, path, acquisition, rate_hz, said.n_frames, read, notes)


def _finished(
    said: FileDescription, frame: NDArray[Any], order: ElementOrder, clocks: ShotClocks, turn: NDArray[np.complex64]
) -> NDArray[Any]:
    if frame.shape != said.shape:
        raise ValueError(f"a frame has shape {frame.shape}; {said.shape} was expected (tx, rx, sample)")
    frame = clocks.align(order.sort_receivers(as_channel_data(frame)))
    if np.iscomplexobj(frame) and (turn != 1).any():
        frame = frame * turn[:, np.newaxis, np.newaxis]
    return frame


def _require_frames(said: FileDescription) -> None:
    if said.n_frames == 0 or 0 in said.shape:
        raise ValueError(f"it holds no frames of channel data: {said.n_frames} of {said.shape} (tx, rx, sample)")
    if np.prod(said.shape, dtype=float) * 8 > _MAX_FRAME_BYTES:
        raise ValueError(f"it claims frames of {said.shape}, beyond {_MAX_FRAME_BYTES} bytes")
    charge(8 * math.prod(said.shape), f"frames of {said.shape}")
    require_convertible(said.dtype)


def _sound_speed(said: FileDescription, options: ReadOptions) -> float:
    if options.sound_speed_m_s is not None:
        return sanity.sound_speed_m_s(Claim("--sound-speed-m-s", options.sound_speed_m_s))
    if said.sound_speed_m_s.value is None:
        raise ValueError(
            f"{said.sound_speed_m_s.field} is missing: give the speed of sound in m/s by --sound-speed-m-s, or by "
            "sound_speed_m_s of open_recording"
        )
    return sanity.sound_speed_m_s(said.sound_speed_m_s)


def _demodulation(said: FileDescription) -> float:
    claim = said.demodulation_frequency_hz
    if said.dtype.kind != "c":
        return 0.0
    if claim is None or claim.value is None or not np.any(claim.value):
        field = "demodulation frequency" if claim is None else claim.field
        raise ValueError(f"its data are IQ, but {field} is missing; add the frequency of demodulation in Hz")
    return sanity.frequency_hz(claim)
