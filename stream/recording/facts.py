"""What is in a recording, as facts with units in their names: `sonolucent info` prints them."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from sonolucent.beamform.acquisition import Acquisition
from sonolucent.beamform.transmit_sequence import TransmitSequence
from sonolucent.beamform.transmit_waves import DivergingWave, FocusedWave, PlaneWave, TransmitWave, find_waves
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.inspection import Inspection, describe_reciprocity, inspect_frame
from sonolucent.stream.recording.reader import Recording


def recording_facts(recording: AnyRecording) -> dict[str, Any]:
    """The facts of a recording; its first frame is read and looked at.

    Raises:
        RecordingError: the first frame cannot be read.
    """
    acquisition, probe = recording.acquisition, recording.acquisition.probe
    frame = recording[0] if len(recording) else None
    seen = None if frame is None else inspect_frame(frame, acquisition)
    return {
        "file": str(recording.path),
        "format": recording.format,
        "frames": len(recording),
        "images": getattr(recording, "n_images", 0),
        **_image_facts(recording),
        "imaging": {str(n): settings.chosen for n, settings in getattr(recording, "imaging", {}).items()},
        "shape": acquisition.shape,
        "samples": None if frame is None else str(frame.dtype),
        "n_elements": probe.n_elements,
        "pitch_m": probe.pitch_m,
        "element_width_m": probe.element_width_m,
        "center_frequency_hz": probe.center_frequency_hz,
        "fractional_bandwidth": probe.fractional_bandwidth,
        "sequence": describe_sequence(acquisition),
        "sampling_frequency_hz": acquisition.sampling_frequency_hz,
        "demodulation_frequency_hz": acquisition.demodulation_frequency_hz,
        "initial_time_s": acquisition.initial_time_s,
        "end_time_s": float(acquisition.time_s[-1]),
        "sound_speed_m_s": acquisition.sound_speed_m_s,
        "frame_rate_hz": recording.frame_rate_hz,
        "lost": getattr(recording, "lost", {}),
        "ledger": msgspec.to_builtins(getattr(recording, "edges", {})),
        "first_frame": {} if seen is None else _first_frame(seen),
        "notes": list(recording.notes),
        "warnings": [] if seen is None else list(seen.warnings),
    }


def _image_facts(recording: AnyRecording) -> dict[str, Any]:
    """Of the images: pixels, where they lie, and what made the last one."""
    if not isinstance(recording, Recording) or not recording.n_images:
        return {}
    grid, image = recording.stream.grid, recording.image(recording.n_images - 1)
    return {
        "image_shape": grid.shape,
        "pixel_mm": (round(grid.dz_m * 1e3, 6), round(grid.dx_m * 1e3, 6)),
        "depth_mm": tuple(round(float(z) * 1e3, 3) for z in grid.z_m[[0, -1]]),
        "width_mm": tuple(round(float(x) * 1e3, 3) for x in grid.x_m[[0, -1]]),
        "dynamic_range_db": image.dynamic_range_db,
        "model": image.model or "none",
        "device": image.device or "none",
    }


def describe_sequence(acquisition: Acquisition) -> str:
    """What a frame's shots fire, in a few words."""
    sequence = acquisition.sequence
    if sequence is None:
        return f"{acquisition.n_tx} single elements, {_span(acquisition.tx_elements)}"
    waves = [wave for wave in find_waves(acquisition) if wave is not None]
    return _describe_waves(waves) if len(waves) == sequence.n_shots else _describe_shots(sequence)


def _describe_waves(waves: list[TransmitWave]) -> str:
    angles = [float(np.rad2deg(wave.angle_rad)) for wave in waves if isinstance(wave, PlaneWave)]
    if len(angles) == len(waves):
        span = f"{angles[0]:.1f}" if len(angles) == 1 else f"{min(angles):.1f} to {max(angles):.1f}"
        return f"{len(waves)} plane waves, {span} degrees"
    sources_m = [wave.source_m for wave in waves if isinstance(wave, DivergingWave)]
    foci_m = [wave.focus_m for wave in waves if isinstance(wave, FocusedWave)]
    depths_mm = [z_m * 1e3 for _, z_m in (*sources_m, *foci_m)]
    kind = "diverging and focused" if sources_m and foci_m else "focused" if foci_m else "diverging"
    plane = f", {len(angles)} of them plane" if angles else ""
    return f"{len(waves)} {kind} waves{plane}, sources at z = {min(depths_mm):.1f} to {max(depths_mm):.1f} mm"


def _describe_shots(sequence: TransmitSequence) -> str:
    most = int((sequence.apodization != 0).sum(axis=1).max())
    delayed = "with delays" if sequence.delays_s.any() else "without delays"
    signed = ", of both signs" if (sequence.apodization < 0).any() else ""
    return f"{sequence.n_shots} shots of up to {most} elements, {delayed}{signed}"


def _first_frame(seen: Inspection) -> dict[str, Any]:
    return {
        "saturated_share": seen.saturated_share,
        "dead_elements": list(seen.dead_elements),
        "silent_transmits": list(seen.silent_transmits),
        "swapped_elements": [list(pair) for pair in seen.swapped_elements],
        "reciprocity": seen.reciprocity,
        "axes": describe_reciprocity(seen.reciprocity),
    }


def _span(elements: Any) -> str:
    steps = set(np.diff(elements))
    if len(elements) > 2 and len(steps) == 1:
        return f"{elements[0]} to {elements[-1]}{'' if abs(step := steps.pop()) == 1 else f' in steps of {abs(step)}'}"
    return ", ".join(map(str, elements[:16])) + (" ..." if len(elements) > 16 else "")
