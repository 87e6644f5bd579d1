"""`sonolucent distill TEACHER --data ... --out MODEL`: any enhancement taught to a light network that runs live."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.fit_progress import fit_progress, tell_model, told_to_go_on
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.printable import say


class DistillOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Teaches any enhancement to a light network, which runs live: `sonolucent run --model MODEL`.

    The network begins as light-quadrant, and learns what the teacher makes of images like those that it will see.
    Where it was killed, the same command goes on.

    Args:
        teacher: a filter, a model folder, a shipped model's name, or a method that learns first, such as speckle2self
            or zssr. The student of one that enlarges images is for the finer grid.
        data: images to teach on: files of B-mode, recordings, or N simulated phantoms, sim:N or anatomy:N. At least
            four; fifty of different tissue make a good student.
        out: the model folder; it must not hold a model yet.
        overwrite: replace the model where there is one.
        steps: that the student learns for.
        budget: seconds that it may learn for; no limit by default.
        teacher_steps: that a teacher learns for which learns first; by default its own number.
        teacher_budget: seconds that it may learn for.
        seed: of a teacher's weights that learns first, and of all that is drawn.
        device: cpu, cuda, cuda:N; auto takes a GPU where there is one.
        imaging: how channel data are imaged.
        json: print one JSON document on standard output and nothing else there.
    """

    teacher: tyro.conf.Positional[str]
    data: tuple[str, ...]
    out: Path
    overwrite: bool = False
    steps: int | None = None
    budget: float | None = None
    teacher_steps: int | None = None
    teacher_budget: float | None = None
    seed: int = 0
    device: str = "auto"
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(DistillOptions, arguments, "distill")
    from sonolucent.nn import Fitting
    from sonolucent.stream.offline.fit_device import fit_device
    from sonolucent.stream.offline.model_distillation import distill_model

    device = fit_device(options.device)
    with told_to_go_on(options.out / ".distill-student.pt"), fit_progress() as progress:
        model = distill_model(
            options.teacher,
            options.data,
            options.out,
            fitting=Fitting(options.budget, options.steps, options.seed, device, progress=progress),
            teacher_fitting=Fitting(options.teacher_budget, options.teacher_steps, options.seed, device),
            imaging=options.imaging,
            overwrite=options.overwrite,
            told=lambda name: say(f"ready: {name}", file=sys.stderr),
        )
    tell_model(model, options.out, json=options.json)
    return 0
