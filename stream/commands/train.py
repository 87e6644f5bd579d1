"""`sonolucent train DATA... --out MODEL`: zero-shot training on raw frames alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.nn.training.recipes import RecipeName
from sonolucent.nn.unet_layout import Kind
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.nn.training.loop import TrainingProgress
    from sonolucent.nn.training.state import CurvePoint


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Trains a network on raw frames alone: no clean image is needed.

    Writes a model folder, with a report beside the weights. A training that was killed goes on when it is started
    again with the same options. `torchrun --no-python --nproc-per-node N sonolucent train ...` uses N processes.

    Args:
        data: recordings of channel data, one for each subject or phantom; or N simulated phantoms: sim:N of
            random tissue, anatomy:N of anatomies.
        out: the model folder; it must not hold a model yet.
        held_out: recordings of other tissue to judge by, which are not trained on; by default some of the subjects.
        overwrite: replace the model where there is one.
        recipe: quadrant (looks at a frame predict each other), frequency (only its two frequency halves), or paper
            (the image of two transmits predicts that of all).
        net: light (for a CPU) or full (for a GPU); what it begins with tells, where there is that.
        begin_with: a model folder, or the name of a shipped model, to be fine-tuned in a minute or two. It stays as it
            is where nothing better comes of it.
        steps: training steps; by default the recipe's own number, or 300 for a model that is fine-tuned.
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
    recipe: RecipeName = "quadrant"
    net: Kind = "light"
    begin_with: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    steps: int | None = None
    seed: int = 0
    device: str = "auto"
    transmitters: tuple[int, int] | None = None
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(TrainOptions, arguments, "train")
    from sonolucent.stream.offline.model_training import train_model

    with _told_to_go_on(options.out), _progress() as progress:
        model = train_model(
            options.data,
            options.out,
            apart=options.held_out,
            recipe=options.recipe,
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
    if options.json:
        told = {**model.facts, "warnings": model.warnings}
        print_json({"model": str(options.out), **msgspec.to_builtins(model.info), **told})
    else:
        say(f"{options.out}: {', '.join(f'{name} {value}' for name, value in model.facts.items())}")
    return 0


@contextmanager
def _told_to_go_on(out: Path) -> Iterator[None]:
    """Within, who interrupts learns how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        if (out / "checkpoint.pt").exists():
            say(f"the same command goes on from {out / 'checkpoint.pt'}", file=sys.stderr)
        raise


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
