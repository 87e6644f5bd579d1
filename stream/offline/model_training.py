"""From recordings to a model folder: beamform, hold some subjects out, train, save, report."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import torch

from sonolucent.nn.export.torchscript import torchscript_file
from sonolucent.nn.model_folder import Kind, ModelInfo, Provenance, load_model, save_model
from sonolucent.nn.training import RECIPES, RecipeName, Trained, TrainingError, train
from sonolucent.nn.training.frames import held_out
from sonolucent.nn.training.loop import TrainingProgress
from sonolucent.nn.training.training_report import write_report
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline import training_data


@dataclass(frozen=True)
class TrainedModel:
    """What a training made.

    Args:
        info: what `model.json` holds.
        facts: more to tell, in words: "frames" (trained on and held out) and "minutes".
    """

    info: ModelInfo
    facts: dict[str, str]


def train_model(
    sources: Sequence[str],
    out: Path,
    *,
    recipe: RecipeName = "quadrant",
    net: Kind = "light",
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    transmitters: tuple[int, int] | None = None,
    dynamic_range_db: float = 60.0,
    beamformed: Callable[[str], None] = lambda name: None,
    progress: TrainingProgress = lambda step, steps, curve: None,
) -> TrainedModel:
    """Trains a network on raw frames alone, and writes the model folder with a report beside the weights.

    A training that was killed goes on when it is called again with the same arguments.

    Args:
        sources: recordings of channel data, one for each subject or phantom; or "sim:N", N simulated phantoms.
        out: the model folder; it must not hold a model yet.
        recipe: "quadrant", "frequency" or "paper", see `sonolucent.nn.training.RECIPES`.
        net: "light" (for a CPU) or "full" (for a GPU).
        steps: training steps; the recipe's own number by default.
        seed: of the weights, the batches and the choice of subjects held out.
        device: "cpu", "cuda" or "cuda:N"; "auto" takes a GPU where there is one.
        transmitters: the two elements whose image the recipe "paper" is given; a symmetric pair by default.
        dynamic_range_db: of the images that the network will enhance.
        beamformed: called with the name of each frame that is ready.
        progress: called after each step with its number, from 1, how many there are, and the curve so far.

    Raises:
        ConfigError: an argument cannot be used, or frames cannot be trained on; the message names file and frame.
        RecordingError: a recording cannot be read.
    """
    begun = time.monotonic()
    _require_sense(sources, out, steps, dynamic_range_db)
    device = _device(device)
    out.mkdir(parents=True, exist_ok=True)
    code = _code()  # that the training starts with, whatever is checked out while it runs
    checkpoint = out / "checkpoint.pt"
    try:
        data = training_data.load(
            sources, transmitters=transmitters, needs_sparse=RECIPES[recipe].needs_sparse, beamformed=beamformed
        )
        frames, held_out_frames = held_out(data.frames, seed)
        trained = train(
            frames,
            data.grid,
            held_out=held_out_frames,
            recipe=recipe,
            kind=net,
            steps=steps,
            seed=seed,
            dynamic_range_db=dynamic_range_db,
            device=device,
            checkpoint=checkpoint,
            progress=progress,
        )
    except TrainingError as error:
        raise ConfigError(str(error)) from error
    origin = Provenance(data.description, recipe, trained.curve[-1].step, seed, code)
    info = _info(out, net, dynamic_range_db, origin, trained)
    facts = {
        "frames": f"{len(frames)} and {len(held_out_frames)} held out",
        "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
    }
    save_model(out, trained.network, info)
    torchscript_file(load_model(out))  # or a stream that watches the folder would, beside its frames
    write_report(out / "report", trained, info, held_out_frames or frames, data.grid, facts)
    checkpoint.unlink(missing_ok=True)
    return TrainedModel(info, facts)


def _require_sense(sources: Sequence[str], out: Path, steps: int | None, dynamic_range_db: float) -> None:
    if not sources:
        raise ConfigError("give at least one recording, or sim:N")
    if (out / "model.json").exists():
        raise ConfigError(f"{out} holds a model already; give another --out")
    if steps is not None and steps < 1:
        raise ConfigError(f"steps must be positive, not {steps}")
    if not dynamic_range_db > 0:
        raise ConfigError(f"dynamic_range_db must be positive, not {dynamic_range_db}")


def _info(out: Path, net: Kind, dynamic_range_db: float, origin: Provenance, trained: Trained) -> ModelInfo:
    error_db = trained.curve[-1].error_db
    return ModelInfo(
        name=out.resolve().name,
        kind=net,
        dynamic_range_db=dynamic_range_db,
        training=origin,
        measured={} if error_db is None else {"validation_error_db": round(error_db, 3)},
    )


def _device(name: str) -> str:
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
