"""`sonolucent enhance IN OUT`: pictures, films and recordings of B-mode through any enhancement."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
import tyro

from sonolucent.stream.commands.fit_progress import fit_progress, told_to_go_on
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.printable import say


class EnhanceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Enhances the images of a file: of a picture, a film, DICOM, a recording of images, or one of channel data.

    Methods that take long learn from the images first. zssr, kernelgan, model1, model2, mwcnn, cyclegan, and bicubic to
    compare with, make them larger; NAME-x4 makes them four times as large, not two. speckle2self, self2self, noise2void
    and noise2self leave their size. A fit that was killed goes on when it is started again with the same options and a
    checkpoint.

    Args:
        file: .png, .jpg, .tif, .gif, .mp4, .dcm, .npz of our own, or any recording; FILE::NAME for another than the
            first of several recordings in it.
        out: the new file; its suffix decides, as for `image`.
        method: one of those above, or what `model` of `run` takes (but adaptive): auto, a filter, a model folder.
        budget: seconds that a method may learn for; no limit by default.
        steps: that each of its parts may learn for; by default as many as its authors published, or fewer where that
            takes hours (docs/how-to/despeckle.md).
        seed: of its weights and of all that it draws.
        device: where it learns: cpu, cuda or cuda:N; auto takes a GPU where there is one.
        checkpoint: a file that keeps what it has learnt, some hundred megabytes for mwcnn.
        learn_from: files that mwcnn and speckle2self learn from; by default simulated anatomies.
        vgg: weights of VGG19, as torchvision names them, for the methods with a perceptual term.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        grain: of the images' speckle, as `grain` of `run`.
        frame: the one image that is wanted, from 0.
        first: the first image that is wanted.
        last: the last one; all to the end by default.
        pixel_mm: width and height of a pixel of a picture, which its file does not say.
        dynamic_range_db: what the grey levels of pictures stand for.
        side_by_side: draw the plain image on the left, the enhanced one on the right.
        axes: draw rulers in mm, and a bar in dB.
        overwrite: replace the new file where it is there.
        json: print one JSON document on standard output and nothing else there.
    """

    file: tyro.conf.Positional[Path]
    out: tyro.conf.Positional[Path]
    method: str = "auto"
    budget: float | None = None
    steps: int | None = None
    seed: int = 0
    device: str = "auto"
    checkpoint: Path | None = None
    learn_from: tuple[Path, ...] = ()
    vgg: Path | None = None
    strength: float = 1.0
    grain: str = "auto"
    frame: int | None = None
    first: int = 0
    last: int | None = None
    pixel_mm: tuple[float, float] | None = None
    dynamic_range_db: float = 60.0
    side_by_side: bool = False
    axes: bool = False
    overwrite: bool = False
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(EnhanceOptions, arguments, "enhance")
    from sonolucent.nn import Fitting
    from sonolucent.stream.errors import ConfigError
    from sonolucent.stream.offline.file_enhancement import enhance_file
    from sonolucent.stream.offline.fit_device import fit_device

    if options.frame is not None and (options.first, options.last) != (0, None):
        raise ConfigError("frame and first or last exclude each other")
    first, last = (options.first, options.last) if options.frame is None else (options.frame, options.frame)
    with told_to_go_on(options.checkpoint), fit_progress() as progress:
        made = enhance_file(
            options.file,
            options.out,
            method=options.method,
            fitting=Fitting(
                options.budget,
                options.steps,
                options.seed,
                fit_device(options.device),
                options.checkpoint,
                options.vgg,
                progress,
            ),
            learn_from=options.learn_from,
            strength=options.strength,
            grain=options.grain,
            first=first,
            last=last,
            pixel_mm=options.pixel_mm,
            dynamic_range_db=options.dynamic_range_db,
            side_by_side=options.side_by_side,
            axes=options.axes,
            overwrite=options.overwrite,
        )
    if options.json:
        print_json(made)
        return 0
    learnt = "".join(f", {n} steps of {what}" for what, n in made.steps.items())
    seconds = f"{made.seconds_fitting + made.seconds_enhancing:.1f} s"
    shape = " x ".join(map(str, made.shape))
    say(f"{made.images} image(s) of {shape} by {made.method} in {made.out}{learnt}, {seconds}")
    return 0
