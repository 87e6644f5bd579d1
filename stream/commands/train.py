"""`sonolucent train DATA... --out MODEL`: training on raw frames alone, or on images alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.nn.training.recipes import RecipeName
from sonolucent.nn.unet_layout import Kind
from sonolucent.stream.commands.fit_progress import fit_progress, tell_model, told_to_go_on
from sonolucent.stream.commands.parsing import parse
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.nn.training.loop import TrainingProgress
    from sonolucent.nn.training.state import CurvePoint
    from sonolucent.stream.offline.model_training import TrainedModel


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Trains a network on raw frames alone, or on images alone: no clean image is needed.

    Writes a model folder, with a report beside the weights. A training that was killed goes on when it is started
    again with the same options. `torchrun --no-python --nproc-per-node N sonolucent train ...` uses N processes.

    Args:
        data: recordings of channel data, one for each subject or phantom, or folders, quoted patterns and lists (@FILE)
            of them; or N simulated phantoms: sim:N of random tissue, anatomy:N of anatomies. For speckle2self also
            pictures, films, DICOM, recordings of images, one by one.
        out: the model folder; it must not hold a model yet.
        held_out: recordings of other tissue to judge by, which are not trained on; by default some of the subjects.
        overwrite: replace the model where there is one.
        recipe: quadrant (looks at a frame predict each other), frequency (only its two frequency halves), paper (the
            image of two transmits predicts that of all), or speckle2self, for images without phase: a network that
            takes too long for a live stream, but not for `sonolucent enhance`, and that `sonolucent distill` teaches
            to one which does not.
        net: light (for a CPU) or full (for a GPU); what it begins with tells, where there is that.
        begin_with: a model folder, or the name of a shipped model, to be fine-tuned in a minute or two. It stays as it
            is where nothing better comes of it.
        steps: training steps; by default the recipe's own number, or 300 for a model that is fine-tuned.
        budget: seconds that speckle2self may learn for, where its steps would take longer; no limit by default.
        seed: of the weights, the batches and the choice of subjects held out.
        device: cpu, cuda, cuda:N; auto takes a GPU where there is one.
        transmitters: the two elements whose image the recipe "paper" is given; a symmetric pair by default.
        imaging: how the frames are beamformed; the dynamic range is that of the images which the network enhances.
        json: print one JSON document on standard output and nothing else there.
    """

    data: tyro.conf.Positional[tuple[str, ...]]
    out: Path
    held_out: tuple[str, ...] = ()
    overwrite: bool = False
    recipe: RecipeName | Literal["speckle2self"] = "quadrant"
    net: Kind = "light"
    begin_with: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    steps: int | None = None
    budget: float | None = None
    seed: int = 0
    device: str = "auto"
    transmitters: tuple[int, int] | None = None
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(TrainOptions, arguments, "train")
    model = _on_images(options) if options.recipe == "speckle2self" else _on_frames(options, options.recipe)
    if model.written:
        tell_model(model, options.out, json=options.json)
    return 0


def _on_frames(options: TrainOptions, recipe: RecipeName) -> TrainedModel:
    from sonolucent.stream.offline.model_training import train_model

    _require_default(options, recipe, ("budget",))
    with told_to_go_on(options.out / "checkpoint.pt"), _progress() as progress:
        return train_model(
            options.data,
            options.out,
            apart=options.held_out,
            recipe=recipe,
            net=options.net,
            begin_with=options.begin_with,
            steps=options.steps,
            seed=options.seed,
            device=options.device,
            transmitters=options.transmitters,
            imaging=options.imaging,
            overwrite=options.overwrite,
            beamformed=lambda name: say(f"beamformed {name}", file=sys.stderr),
            progress=progress,
        )


def _on_images(options: TrainOptions) -> TrainedModel:
    from sonolucent.nn import Fitting
    from sonolucent.stream.offline.despeckler_training import train_despeckler
    from sonolucent.stream.offline.fit_device import fit_device

    _require_default(options, options.recipe, ("held_out", "net", "begin_with", "transmitters"))
    device = fit_device(options.device)
    with told_to_go_on(options.out / "checkpoint.pt"), fit_progress() as progress:
        return train_despeckler(
            options.data,
            options.out,
            fitting=Fitting(options.budget, options.steps, options.seed, device, progress=progress),
            imaging=options.imaging,
            overwrite=options.overwrite,
            told=lambda name: say(f"ready: {name}", file=sys.stderr),
        )


def _require_default(options: TrainOptions, recipe: str, names: Sequence[str]) -> None:
    """
    Raises:
        ConfigError: an option of other recipes was given.
    """
    fields = {field.name: field.default for field in msgspec.structs.fields(TrainOptions)}
    for name in names:
        if getattr(options, name) != fields[name]:
            word = "from" if name == "begin_with" else name.replace("_", "-")
            raise ConfigError(f"{word} is no option of the recipe {recipe}; leave it out")


@contextmanager
def _progress() -> Iterator[TrainingProgress]:
    """A bar on a terminal, a line at each point of the curve elsewhere; on standard error."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=None, visible=False)

        def progress(step: int, steps: int, curve: list[CurvePoint]) -> None:
            last = _summary(curve[-1]) if curve else ""
            bar.update(task, completed=step, total=steps, description=f"training {last}", visible=True)
            if bar.disable and curve and curve[-1].step == step:
                say(f"step {step} of {steps}: {last}", file=sys.stderr)

        yield progress


def _summary(point: CurvePoint) -> str:
    error = "" if point.error_db is None else f", validation error {point.error_db:.3f} dB"
    return f"loss {point.loss:.2f} dB{error}"
