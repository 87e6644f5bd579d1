"""What engines carry to where work is done, and bring back: a unit of work, and what came of it."""

from __future__ import annotations

from typing import Literal

import msgspec

from sonolucent.beamform.imaging_settings import ImagingSettings

Format = Literal["h5", "mp4", "dcm"]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be made of every recording.

    Args:
        imaging: how channel data become images.
        enhance: what enhances them, as `sonolucent.nn.Enhancer` takes it, or the name of a compound, or "none".
        model: the id of what that stands for.
        strength, grain: of the enhancement, as `Enhancing` has them.
        format: of the outputs: recordings, films or DICOM.
        side_by_side, axes: how films and DICOM are drawn.
        beamform_device: "cpu", or the GPU that beamforms.
    """

    imaging: ImagingSettings = ImagingSettings()
    enhance: str = "none"
    model: str = "none"
    strength: float = 1.0
    grain: str = "auto"
    format: Format = "h5"
    side_by_side: bool = False
    axes: bool = False
    beamform_device: str = "cpu"


class Carried(msgspec.Struct, frozen=True):
    """What images hand on to those that follow them in their recording, so that these are made as if in one go.

    Args:
        level: the running reference level.
        grain: rows and columns of the measured speckle grain, once it is known.
        looks: how many images it was looked for in.
    """

    level: float | None = None
    grain: tuple[float, float] | None = None
    looks: int = 0


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A range of frames of one file.

    Args:
        number: of the unit within the run.
        file: the recording.
        first, end: the frames to be imaged; none where only parts are to be joined.
        draft: the file to write: a part, or, where it is the last, the whole output.
        parts: files of the images before `first`, in order, for the whole output to begin with.
        whole: whether the output is to be written.
        n_frames: of the recording.
        carried: from the images before `first`.
        origin: names how the output is made and of what.
    """

    number: int
    file: str
    first: int
    end: int
    draft: str
    whole: bool
    n_frames: int
    parts: tuple[str, ...] = ()
    carried: Carried = Carried()
    origin: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a unit.

    Args:
        number: of the unit.
        kind: "made"; "bad", for a file that cannot be used; "refused", by a disk that takes no more, so that nothing
            else can be made either.
        why: in a sentence, where it was not made.
        size_bytes: of the draft.
        carried: to the images that follow.
        notes: what is odd about the file.
    """

    number: int
    kind: Literal["made", "bad", "refused"]
    why: str = ""
    size_bytes: int = 0
    carried: Carried = Carried()
    notes: tuple[str, ...] = ()
