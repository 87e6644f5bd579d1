"""`sonolucent train DATA... --out MODEL`: zero-shot training on raw frames alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import tyro

from sonolucent.nn.model import Kind
from sonolucent.nn.training.recipes import RecipeName
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError

if TYPE_CHECKING:
    from sonolucent.nn.model import ModelInfo
    from sonolucent.nn.training.loop import Point, Progress
    from sonolucent.stream.offline.training_data import TrainingData


class TrainOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Trains a network on raw frames alone: no clean image is needed.

    Writes a model folder, with a report beside the weights. A training that was killed goes on when it is started
    again with the same options. `torchrun --no-python --nproc-per-node N sonolucent train ...` uses N processes.

    Args:
        data: recordings of channel data, one for each subject or phantom; or sim:N, N simulated phantoms.
        out: the model folder; it must not hold a model yet.
        recipe: quadrant (looks at a frame predict each other), frequency (only its two frequency halves), or paper
            (the image of two transmits predicts that of all).
        net: light (for a CPU) or full (for a GPU).
        steps: training steps; the recipe's own number by default.
        seed: of the weights, the batches and the choice of subjects held out.
        device: cpu, cuda, cuda:N; auto takes a GPU where there is one.
        transmitters: the two elements whose image the recipe "paper" is given; a symmetric pair by default.
        dynamic_range_db: of the images that the network will enhance.
        json: print one JSON document on standard output and nothing else there.
    """

    data: tyro.conf.Positional[tuple[str, ...]]
    out: Path
    recipe: RecipeName = "quadrant"
    net: Kind = "light"
    steps: int | None = None
    seed: int = 0
    device: str = "auto"
    transmitters: tuple[int, int] | None = None
    dynamic_range_db: float = 60.0
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = _checked(parse(TrainOptions, arguments, "train"))
    begun = time.monotonic()
    from sonolucent.nn.training import RECIPES, TrainingError
    from sonolucent.stream.offline import training_data

    options.out.mkdir(parents=True, exist_ok=True)
    try:
        data = training_data.load(
            options.data,
            transmitters=options.transmitters,
            needs_sparse=RECIPES[options.recipe].needs_sparse,
            found=lambda name: print(f"beamformed {name}", file=sys.stderr),
        )
        info, facts = _train(options, data, begun)
    except TrainingError as error:
        raise ConfigError(str(error)) from error
    if options.json:
        print_json({"model": str(options.out), **msgspec.to_builtins(info), **facts})
    else:
        print(f"{options.out}: {', '.join(f'{name} {value}' for name, value in facts.items())}")
    return 0


def _checked(options: TrainOptions) -> TrainOptions:
    if not options.data:
        raise ConfigError("give at least one recording, or sim:N")
    if (options.out / "model.json").exists():
        raise ConfigError(f"{options.out} holds a model already; give another --out")
    if options.steps is not None and options.steps < 1:
        raise ConfigError(f"steps must be positive, not {options.steps}")
    if not options.dynamic_range_db > 0:
        raise ConfigError(f"dynamic_range_db must be positive, not {options.dynamic_range_db}")
    return options


def _train(options: TrainOptions, data: TrainingData, begun: float) -> tuple[ModelInfo, dict[str, str]]:
    from sonolucent.nn.export import torchscript_file
    from sonolucent.nn.model import ModelInfo, Training, load_model, save_model
    from sonolucent.nn.training import train
    from sonolucent.nn.training.frames import held_out
    from sonolucent.nn.training.report import write_report

    frames, apart = held_out(data.frames, options.seed)
    code = _code()  # that the training starts with, whatever is checked out while it runs
    checkpoint = options.out / "checkpoint.pt"
    with _progress() as progress:
        trained = train(
            frames,
            data.grid,
            held_out=apart,
            recipe=options.recipe,
            kind=options.net,
            steps=options.steps,
            seed=options.seed,
            dynamic_range_db=options.dynamic_range_db,
            device=_device(options.device),
            checkpoint=checkpoint,
            progress=progress,
        )
    steps, error_db = trained.curve[-1].step, trained.curve[-1].error_db
    info = ModelInfo(
        name=options.out.resolve().name,
        kind=options.net,
        dynamic_range_db=options.dynamic_range_db,
        training=Training(data.description, options.recipe, steps, options.seed, code),
        measured={} if error_db is None else {"validation_error_db": round(error_db, 3)},
    )
    facts = {"frames": f"{len(frames)} and {len(apart)} held out", "minutes": f"{(time.monotonic() - begun) / 60:.1f}"}
    save_model(options.out, trained.network, info)
    torchscript_file(load_model(options.out))  # or a stream that watches the folder would, beside its frames
    write_report(options.out / "report", trained, info, apart or frames, data.grid, facts)
    checkpoint.unlink(missing_ok=True)
    return info, facts


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, a line at each point of the curve elsewhere; on standard error."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    with Bar(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=None)

        def progress(step: int, steps: int, curve: list[Point]) -> None:
            last = _summary(curve[-1]) if curve else ""
            bar.update(task, completed=step, total=steps, description=f"training {last}")
            if bar.disable and curve and curve[-1].step == step:
                print(f"step {step} of {steps}: {last}", file=sys.stderr)

        yield progress


def _summary(point: Point) -> str:
    error = "" if point.error_db is None else f", validation error {point.error_db:.3f} dB"
    return f"loss {point.loss:.2f} dB{error}"


def _device(name: str) -> str:
    """
    Raises:
        ConfigError: there is no such device.
    """
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"device {name}: torch sees no CUDA device here; use --device cpu")
    if name != "cpu" and not re.fullmatch(r"cuda(:\d+)?", name):
        raise ConfigError(f"device {name!r} is none of auto, cpu, cuda, cuda:N")
    return name


def _code() -> str:
    """The version of the program, and the commit where it runs from a checkout."""
    number = version("sonolucent")
    if shutil.which("git") is None:
        return number
    asked = subprocess.run(
        ["git", "-C", Path(__file__).parent, "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{number} {asked.stdout.strip()}" if asked.returncode == 0 else number
