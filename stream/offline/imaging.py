"""From a recording to images in a file."""

from __future__ import annotations

from pathlib import Path

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.inference.image_grain import chosen_grain
from sonolucent.nn.inference.strength import require_strength
from sonolucent.stream.errors import ConfigError, OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, format_of
from sonolucent.stream.exports.write_images import write_clip
from sonolucent.stream.offline.clips import imaged, n_images, recorded
from sonolucent.stream.offline.enhancement import Enhancing
from sonolucent.stream.output_file import require_free
from sonolucent.stream.recording.any_recording import AnyRecording
from sonolucent.stream.recording.open import open_recording
from sonolucent.stream.recording.reader import Recording

_IMAGING = ImagingSettings()


def image_recording(
    file: Path,
    out: Path,
    *,
    enhance: str | None = None,
    strength: float = 1.0,
    grain: str = "auto",
    frame: int | None = None,
    first: int = 0,
    last: int | None = None,
    side_by_side: bool = False,
    axes: bool = False,
    overwrite: bool = False,
    as_recorded: bool = False,
    imaging: ImagingSettings = _IMAGING,
) -> tuple[int, tuple[int, int]]:
    """Makes a file of the images of a recording: of its channel data where it has some, else of the images it holds.

    Args:
        file: the recording.
        out: the new file; its suffix says in which format (docs/how-to/export.md).
        enhance: what enhances the images, as `sonolucent.nn.Enhancer` takes it, "none", or "frequency-compound",
            "steering-compound", which need channel data. By default images that are recorded stay as they are, and
            others are not enhanced.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: of the images' speckle, as `sonolucent.nn.Enhancer` takes it.
        frame: the one frame that is wanted; the first by default where the format holds one alone.
        first, last: the frames that are wanted; all by default.
        side_by_side: draw the plain image on the left, the enhanced one on the right.
        axes: draw rulers in mm, and a bar in dB.
        overwrite: whether it may replace a file that is there.
        as_recorded: take the images of a recording that has both.
        imaging: how channel data become images; of images that are recorded, `dynamic_range_db` alone can be changed.

    Returns:
        How many images are in the new file, and their shape (n_z, n_x).

    Raises:
        RecordingError: the recording cannot be read.
        ConfigError: an argument cannot be used, or a frame holds values that are not finite.
        OutputError: the new file exists, cannot be written there, or cannot hold what is asked for.
        OutputFailed: the disk refuses it. Nothing is left of the file, whatever the error.
    """
    appearance = Appearance(side_by_side, axes)
    image_format = format_of(out, appearance)
    require_free(out, overwrite=overwrite)
    _require_sense(strength, grain)
    if side_by_side and enhance == "none":
        raise OutputError(f"{out}: side by side needs an enhanced image beside the plain one; add --enhance")
    recording = open_recording(file, sound_speed_m_s=imaging.sound_speed_m_s)
    from_images = n_images(recording) > 0 and (as_recorded or len(recording) == 0)
    there, kind = (n_images(recording), "images") if from_images else (len(recording), "frames of channel data")
    wanted = _wanted(file, f"{there} {kind}", there, frame, first, last, one=image_format.one_image)
    enhancing = None if enhance is None else Enhancing(enhance, strength, grain)
    clip = _clip(recording, wanted, imaging, enhancing, from_images=from_images)
    write_clip(out, clip, appearance, overwrite=overwrite)
    return len(wanted), clip.stream.grid.shape


def _require_sense(strength: float, grain: str) -> None:
    """
    Raises:
        ConfigError: there is no such strength or grain.
    """
    try:
        require_strength(strength)
        chosen_grain(grain)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _clip(
    recording: AnyRecording, wanted: range, imaging: ImagingSettings, enhance: Enhancing | None, *, from_images: bool
) -> Clip:
    if from_images and isinstance(recording, Recording):
        return recorded(recording, wanted, imaging, enhance)
    return imaged(recording, wanted, imaging, enhance or Enhancing("none"))


def _wanted(file: Path, held: str, n: int, frame: int | None, first: int, last: int | None, *, one: bool) -> range:
    """
    Raises:
        ConfigError: they are not there, or exclude each other.
    """
    if frame is not None and (first, last) != (0, None):
        raise ConfigError("frame and first or last exclude each other")
    if frame is None and one and last is None:
        frame = first
    begin, end = (frame, frame) if frame is not None else (first, n - 1 if last is None else last)
    for index in (begin, end):
        if not 0 <= index < n:
            raise ConfigError(f"{file} holds {held}; there is no {index}")
    if end < begin:
        raise ConfigError(f"first and last must be in order, not {begin} and {end}")
    return range(begin, end + 1)
