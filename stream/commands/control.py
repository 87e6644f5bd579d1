"""`sonolucent control`: changes a run while frames flow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingChoices
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.control.client import ask
from sonolucent.stream.control.requests import ControlAnswer, ControlRequest, RecordRequest, ReplayRequest, merged
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.printable import say

_PORT = 8662
_NOW_S = 3.0


class ControlOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Changes a run that was started with --control PORT: imaging settings and model, between two frames; a replay; and
    what is recorded.

    What is not given stays as it is. Prints what is in force afterwards.

    Args:
        port: of the run's control channel, on 127.0.0.1.
        model: what enhances from now on, as `model` of `run` (but adaptive).
        strength: how much of the enhancement is shown from now on: 0 the plain image, 1 the enhanced one.
        imaging: what channel data become images with from now on.
        pause: a replay waits at the frame that it has come to.
        resume: it goes on.
        seek: it goes on at this frame, counted from 0.
        speed: it goes on at so many times the pace that it began with.
        step: it goes so many frames on, or back where negative, and waits.
        record: write images to this new HDF5 file from now on.
        record_channels: and the raw channel data.
        note: a text to keep in that file.
        stop_recording: close the file that is being written.
        json: print one JSON document on standard output and nothing else there.
    """

    port: tyro.conf.Positional[int] = _PORT
    model: str | None = None
    strength: float | None = None
    imaging: Annotated[ImagingChoices, tyro.conf.OmitArgPrefixes] = ImagingChoices()
    pause: bool = False
    resume: bool = False
    seek: int | None = None
    speed: float | None = None
    step: int | None = None
    record: Path | None = None
    record_channels: bool = False
    note: str = ""
    stop_recording: bool = False
    json: bool = False

    def __post_init__(self) -> None:
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise ValueError(f"strength must lie within 0..1, not {self.strength}")
        if self.pause and self.resume:
            raise ValueError("pause and resume exclude each other")
        if self.record is None and (self.record_channels or self.note):
            raise ValueError("record_channels and note belong to a recording that begins; give --record FILE too")
        if self.record is not None and self.stop_recording:
            raise ValueError("record and stop_recording exclude each other")

    @property
    def for_the_replay(self) -> ReplayRequest | None:
        """What the source is to do, if anything."""
        paused = True if self.pause else False if self.resume else None
        asked = ReplayRequest(paused, self.speed, self.seek, self.step)
        return None if asked == ReplayRequest() else asked

    @property
    def for_the_recorder(self) -> RecordRequest | None:
        """What the recorder is to do, if anything; the run may have been started in another folder."""
        if self.record is None:
            return RecordRequest(on=False) if self.stop_recording else None
        return RecordRequest(True, str(self.record.absolute()), self.note, self.record_channels)


def main(arguments: Sequence[str]) -> int:
    options = parse(ControlOptions, arguments, "control")
    before = ask(options.port, ControlRequest(), _NOW_S).imaging
    # Read again over what is in force, so that what is not given stays.
    default = ControlOptions(imaging=ImagingChoices(**msgspec.structs.asdict(before)))
    options = parse(ControlOptions, arguments, "control", default)
    chosen = msgspec.structs.asdict(options.imaging)
    changes = {name: value for name, value in chosen.items() if value != getattr(before, name)}
    try:
        merged(before, changes)  # says what cannot be in the words of the settings, which JSON has not
    except ValueError as error:
        raise ConfigError(str(error)) from error
    request = ControlRequest(changes, options.model, options.for_the_replay, options.for_the_recorder, options.strength)
    answer = ask(options.port, request)
    if options.json:
        print_json(answer)
    else:
        say("\n".join(_lines(answer)))
    return 0


def _lines(answer: ControlAnswer) -> list[str]:
    told = [f"{name} {value}" for name, value in answer.imaging.chosen.items()]
    softened = "" if answer.strength == 1 else f" at strength {answer.strength:g}"
    lines = [
        f"revision {answer.revision}, model {answer.model}{softened}",
        *(told or ["imaging settings as they fit the probe"]),
    ]
    if (replay := answer.replay) is not None:
        does = "waits" if replay.paused else f"plays at {replay.speed:g} x"
        lines.append(f"replay {does}, frame {replay.frame} of {replay.n_frames}")
    if (recording := answer.recording) is not None:
        failed = f"; it failed: {recording.error}" if recording.error else ""
        lines.append(f"recording {recording.file}, {recording.frames} frames of images{failed}")
    if (training := answer.training) is not None:
        lines.append(f"training {training.state}: {training.said}")
    return [*lines, *([f"recorded {answer.file}"] if answer.file else []), *answer.warnings]
