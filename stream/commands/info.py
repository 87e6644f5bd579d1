"""`sonolucent info FILE`: what is in a recording or a model folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.formats import AnyRecording, open_recording


class InfoOptions(msgspec.Struct, frozen=True):
    """Says what is in a recording or a model folder.

    Args:
        file: the recording, or the model folder.
        json: print one JSON document.
    """

    file: tyro.conf.Positional[Path]
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(InfoOptions, arguments, "info")
    facts = describe_model(options.file) if options.file.is_dir() else describe(open_recording(options.file))
    if options.json:
        print_json(facts)
    else:
        _print(facts)
    return 0


def _print(facts: dict[str, Any], prefix: str = "") -> None:
    for name, value in facts.items():
        if isinstance(value, dict):
            _print(value, f"{prefix}{name}.")
        else:
            print(f"{prefix + name:<40} {value}")


def describe_model(folder: Path) -> dict[str, Any]:
    """The facts of a model folder.

    Raises:
        ConfigError: it holds no model, or a broken one.
    """
    from sonolucent.nn.model import ModelError, load_model

    try:
        model = load_model(folder)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    facts: dict[str, Any] = msgspec.to_builtins(model.info)
    return {"id": model.id, **facts}


def describe(recording: AnyRecording) -> dict[str, Any]:
    """The facts of a recording, units in the names."""
    acquisition = recording.acquisition
    probe = acquisition.probe
    return {
        "file": str(recording.path),
        "format": recording.format,
        "frames": len(recording),
        "images": getattr(recording, "n_images", 0),
        "shape": acquisition.shape,
        "n_elements": probe.n_elements,
        "pitch_m": probe.pitch_m,
        "element_width_m": probe.element_width_m,
        "center_frequency_hz": probe.center_frequency_hz,
        "sampling_frequency_hz": acquisition.sampling_frequency_hz,
        "initial_time_s": acquisition.initial_time_s,
        "sound_speed_m_s": acquisition.sound_speed_m_s,
        "frame_rate_hz": recording.frame_rate_hz,
        "ledger": msgspec.to_builtins(getattr(recording, "edges", {})),
    }
