"""From a file of B-mode to an enhanced one, by any method: live ones and those that learn from the images first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sonolucent.nn.image_methods import RANGE_DB, Fitting, is_offline, offline_method
from sonolucent.nn.inference.strength import require_strength
from sonolucent.stream.errors import ConfigError, OutputError
from sonolucent.stream.exports.clip import Clip
from sonolucent.stream.exports.image_format import Appearance, format_of
from sonolucent.stream.exports.write_images import write_clip
from sonolucent.stream.offline.bmode_files import plain_clip
from sonolucent.stream.offline.clip_fitting import fitted_clip
from sonolucent.stream.offline.enhancement import Enhancing, session_enhancement
from sonolucent.stream.output_file import require_free

_FITTING = Fitting()


@dataclass(frozen=True)
class EnhancedFile:
    """What came of it.

    Args:
        out: the new file.
        method: what enhanced.
        device: "cpu" or "cuda:N".
        scale: by which images have become larger.
        images: how many there are.
        shape: (n_z, n_x) of each.
        pixel_mm: width and height of a pixel, where that is known.
        steps: of fitting, by what was fitted.
        seconds_fitting, seconds_enhancing: of the whole file.
    """

    out: str
    method: str
    device: str
    scale: int
    images: int
    shape: tuple[int, int]
    pixel_mm: tuple[float, float] | None
    steps: dict[str, int]
    seconds_fitting: float
    seconds_enhancing: float


def enhance_file(
    file: Path,
    out: Path,
    *,
    method: str = "auto",
    fitting: Fitting = _FITTING,
    learn_from: Sequence[Path] = (),
    strength: float = 1.0,
    grain: str = "auto",
    first: int = 0,
    last: int | None = None,
    pixel_mm: tuple[float, float] | None = None,
    dynamic_range_db: float = RANGE_DB,
    side_by_side: bool = False,
    axes: bool = False,
    overwrite: bool = False,
) -> EnhancedFile:
    """Enhances the images of a file.

    A method that enlarges images is shown beside their bicubic enlargement, and both lie on the finer grid.

    Args:
        file: a picture (PNG, JPEG, TIFF, GIF), film (MP4), DICOM file, array of dB (.npz), or recording of
            images or of channel data.
        out: the new file; its suffix says in which format (docs/how-to/export.md).
        method: what `sonolucent.nn.Enhancer` takes, or one of `sonolucent.nn.OFFLINE_METHODS`.
        fitting: how much a method may learn that learns.
        learn_from: files that a method learns from which does not learn from the image itself; by default simulated
            anatomies.
        strength: how much of the enhancement is shown, in dB.
        grain: of the images' speckle, as `sonolucent.nn.Enhancer` takes it.
        first, last: the images that are wanted; all by default, the first where the format holds one alone.
        pixel_mm: width and height of a pixel, in place of what the file says.
        dynamic_range_db: what the grey levels of pictures stand for.
        side_by_side: the plain image on the left, the enhanced one on the right.
        axes: rulers in mm, and a bar in dB.
        overwrite: whether it may replace a file that is there.

    Raises:
        ConfigError: an argument cannot be used, or the file is no B-mode.
        RecordingError: it cannot be read.
        OutputError: the new file exists, cannot be written there, or cannot hold what is asked for.
        OutputFailed: the disk refuses it.
    """
    appearance = Appearance(side_by_side, axes)
    image_format = format_of(out, appearance)
    require_free(out, overwrite=overwrite)
    _require_sense(fitting, strength, dynamic_range_db)
    _require_of_the_method(method, fitting, learn_from, grain)
    if image_format.one_image and last is None:
        last = first
    clip = plain_clip(file, first=first, last=last, pixel_mm=pixel_mm, dynamic_range_db=dynamic_range_db)
    if axes and not clip.pixels_known:
        raise OutputError(f"{out}: {file} does not say how large its pixels are, so no ruler can; add --pixel-mm W H")
    if not clip.acquisition_known and out.suffix == ".h5":
        raise OutputError(f"{out}: a recording tells how it was acquired, which {file} does not; write .npz")
    begun = time.monotonic()
    steps: dict[str, int] = {}
    if is_offline(method):
        made, device = fitted_clip(clip, method, fitting, learn_from, strength, steps), fitting.device
    else:
        made, device = _live(clip, Enhancing(method, strength, grain)), ""
    fitted, scale = time.monotonic(), made.stream.grid.n_z // clip.stream.grid.n_z
    write_clip(out, made, appearance, overwrite=overwrite)
    grid = made.stream.grid
    return EnhancedFile(
        out=str(out),
        method=made.first.model or method,
        device=device or made.first.device or "none",
        scale=scale,
        images=len(made),
        shape=grid.shape,
        pixel_mm=(1e3 * grid.dx_m, 1e3 * grid.dz_m) if made.pixels_known else None,
        steps=steps,
        seconds_fitting=round(fitted - begun, 3),
        seconds_enhancing=round(time.monotonic() - fitted, 3),
    )


def _live(clip: Clip, enhancing: Enhancing) -> Clip:
    if enhancing.choice == "none":
        return clip
    enhance = session_enhancement(enhancing, clip.stream.grid.shape, clip.first.dynamic_range_db)
    first = enhance(clip.first)
    models = (first.model,) if first.model else ()
    return replace(clip, first=first, rest=map(enhance, clip.rest), enhanced=first.enhanced is not None, models=models)


def _require_of_the_method(method: str, fitting: Fitting, learn_from: Sequence[Path], grain: str) -> None:
    """
    Raises:
        ConfigError: an option has no meaning for that method.
    """
    learns = offline_method(method).learns_from if is_offline(method) else "nothing"
    if learn_from and learns != "others":
        raise ConfigError(f"{method} learns from no other images; leave learn_from out")
    given = {
        "budget": fitting.seconds,
        "steps": fitting.steps,
        "checkpoint": fitting.checkpoint,
        "vgg": fitting.perceptual,
    }
    unused = [name for name, value in given.items() if value is not None]
    if unused and learns == "nothing":
        raise ConfigError(f"{method} learns nothing here; leave {' and '.join(unused)} out")
    if grain != "auto" and is_offline(method):
        raise ConfigError(f"{method} knows no speckle grain; leave grain out")


def _require_sense(fitting: Fitting, strength: float, dynamic_range_db: float) -> None:
    """
    Raises:
        ConfigError: there is no such strength, range or budget, or no such device.
    """
    try:
        require_strength(strength)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    if not dynamic_range_db > 0:
        raise ConfigError(f"dynamic_range_db must be positive, not {dynamic_range_db:g}")
    if fitting.steps is not None and fitting.steps < 1:
        raise ConfigError(f"steps must be at least 1, not {fitting.steps}")
    if fitting.seconds is not None and not fitting.seconds > 0:
        raise ConfigError(f"budget must be positive, not {fitting.seconds:g} s")
    if fitting.checkpoint is not None and not fitting.checkpoint.parent.is_dir():
        raise ConfigError(f"checkpoint: there is no folder {fitting.checkpoint.parent}; make it first")
