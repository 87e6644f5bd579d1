"""`sonolucent info FILE`: what is in a recording or a model folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import tyro
from numpy.typing import NDArray

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.printable import say
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.facts import recording_facts
from sonolucent.stream.recording.known_formats import ReadOptions, read_recording
from sonolucent.stream.recording.open import split_path
from sonolucent.stream.recording.reader import Recording


class InfoOptions(msgspec.Struct, frozen=True):
    """Says what is in a recording or a model folder.

    Args:
        file: the recording, the model folder, or the name of a shipped model; FILE::NAME for another than the first of
            several recordings in it.
        hashes: the SHA-256 of every frame as well; two replays are the same where these are.
        sound_speed_m_s: speed of sound in the medium, in place of the file's.
        json: print one JSON document.
    """

    file: tyro.conf.Positional[Path]
    hashes: bool = False
    sound_speed_m_s: float | None = None
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(InfoOptions, arguments, "info")
    from sonolucent.nn import find_model

    folder = find_model(options.file)
    if folder.is_dir():
        facts = describe_model(folder)
    else:
        file, part = split_path(options.file)
        recording = read_recording(file, ReadOptions(options.sound_speed_m_s, part))
        facts = {**recording_facts(recording), **({"hashes": frame_hashes(recording)} if options.hashes else {})}
    if options.json:
        print_json(facts)
    else:
        _print(facts)
    return 0


def _print(facts: dict[str, Any], prefix: str = "") -> None:
    for name, value in facts.items():
        if isinstance(value, dict):
            _print(value, f"{prefix}{name}.")
        elif name in ("notes", "warnings"):
            for sentence in value:
                say(f"{name.removesuffix('s')}: {sentence}")
        else:
            say(f"{prefix + name:<40} {value}")


def describe_model(folder: Path) -> dict[str, Any]:
    """The facts of a model folder.

    Raises:
        ConfigError: it holds no model, or a broken one.
    """
    from sonolucent.nn import ModelError, load_model

    try:
        model = load_model(folder)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    facts: dict[str, Any] = msgspec.to_builtins(model.info)
    return {"id": model.id, **facts}


def frame_hashes(recording: AnyRecording) -> dict[str, dict[str, str]]:
    """The SHA-256 of every frame's channel data, and of its images (B-mode, then enhanced), by frame id."""
    ids = getattr(recording, "frame_ids", range(len(recording)))
    hashes = {"raw_data": {str(i): _sha256(data) for i, data in zip(ids, recording, strict=True)}}
    if isinstance(recording, Recording):
        images = map(recording.image, range(recording.n_images))
        hashes["image"] = {str(image.frame_id): _sha256(image.layers) for image in images}
    return hashes


def _sha256(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).data).hexdigest()
