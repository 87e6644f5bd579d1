"""What a run can be asked while frames flow, and what it answers (docs/reference/control.md): JSON, one for one."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.accounting.live_training import LiveTraining

MAX_WORDS_BYTES = 1 << 20
"""Of a request or an answer."""


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a replay is to do; what is None stays.

    Args:
        paused: whether it waits.
        speed: times the pace that it began with.
        seek: the frame to go on with, counted from 0 among those that are replayed.
        step: so many frames on from the one that was shown last, or back where negative; then it waits.
    """

    paused: bool | None = None
    speed: float | None = None
    seek: int | None = None
    step: int | None = None


class RecordRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Whether frames are to be recorded.

    Args:
        on: begin, or stop.
        file: the new file; one named after the time, in the folder that the run was started in, where it is empty.
        note: a text that is kept in the file.
        channels: record the channel data as well.
    """

    on: bool
    file: str = ""
    note: str = ""
    channels: bool = False


class ReplayState(msgspec.Struct, frozen=True):
    """Where a replay is: the frame that was released last, or that it was told to go to; of how many; whether it waits;
    and its speed."""

    frame: int
    n_frames: int
    paused: bool
    speed: float


class RecordingState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is being recorded: the file, frames of images so far, and why it has ended where it has failed."""

    file: str
    frames: int
    error: str = ""


class ControlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to change; nothing asks what is in force.

    Args:
        imaging: imaging settings by name; those that are not named stay.
        model: what enhances from now on, as `model` of `run` (but adaptive).
        replay: what the source is to do, where it is a replay.
        record: what the recorder is to do.
        strength: how much of the enhancement is shown from now on, 0..1.
    """

    imaging: dict[str, Any] = msgspec.field(default_factory=dict)
    model: str | None = None
    replay: ReplayRequest | None = None
    record: RecordRequest | None = None
    strength: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class ControlAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is in force.

    Args:
        revision: how often the imaging settings have changed; images tell theirs.
        imaging: all imaging settings.
        model: what enhances.
        error: why nothing changed, or only a part did; empty when all did.
        replay: where the source is, if it is a replay.
        recording: what is being recorded, if anything is.
        file: what has been recorded, after a request to stop.
        warnings: what is odd about the data, or about using the model on them, a sentence each.
        strength: how much of the enhancement is shown.
        training: what training on the stream has come to, where the run does that.
    """

    revision: int
    imaging: ImagingSettings
    model: str
    error: str = ""
    replay: ReplayState | None = None
    recording: RecordingState | None = None
    file: str = ""
    warnings: tuple[str, ...] = ()
    strength: float = 1.0
    training: LiveTraining | None = None


def merged(settings: ImagingSettings, changes: dict[str, Any]) -> ImagingSettings:
    """The settings after some changes; one of several that exclude each other takes the place of the others.

    Raises:
        ValueError: there is no such setting, or it cannot have that value.
    """
    displaced = {
        other: None
        for names in _ALTERNATIVES
        for name in names
        if changes.get(name) is not None
        for other in names
        if other != name
    }
    try:
        return msgspec.convert({**msgspec.structs.asdict(settings), **displaced, **changes}, ImagingSettings)
    except msgspec.ValidationError as error:
        raise ValueError(f"imaging: {error}") from error


_ALTERNATIVES = (
    ("f_number", "max_angle_deg", "max_wavenumber_rad_m"),
    ("spacing_mm", "pixels_per_wavelength"),
    ("transmits", "shots"),
)
