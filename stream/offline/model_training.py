"""From recordings to a model folder: beamform, hold some subjects out, train, save, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.export.torchscript import torchscript_file
from sonolucent.nn.model_folder import Model, ModelError, ModelInfo, Provenance, load_model, save_model
from sonolucent.nn.shipped_models import find_model
from sonolucent.nn.training import RECIPES, RecipeName, Trained, TrainingError, train
from sonolucent.nn.training.array_file import ArrayFile
from sonolucent.nn.training.as_shown import AsShown
from sonolucent.nn.training.distributed import ranked
from sonolucent.nn.training.loop import TrainingProgress
from sonolucent.nn.training.training_report import write_report
from sonolucent.nn.training.validation import Comparison
from sonolucent.nn.unet_layout import Kind
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.fit_device import fit_device
from sonolucent.stream.offline.model_output import code_version, model_folder, require_new_model
from sonolucent.stream.offline.training_archive import single_sources
from sonolucent.stream.offline.training_share import share_of

_IMAGING = ImagingSettings()


@dataclass(frozen=True)
class TrainedModel:
    """What a training made.

    Args:
        info: what `model.json` holds.
        facts: more to tell, in words: "frames" (trained on and held out) and "minutes".
        warnings: what is odd about the frames, a sentence each.
        comparison: with the model that the training began with, on held-out frames.
        written: whether this process wrote it; of those that `torchrun` started, the first one does.
    """

    info: ModelInfo
    facts: dict[str, str]
    warnings: tuple[str, ...] = ()
    comparison: Comparison | None = None
    written: bool = True


def train_model(
    sources: Sequence[str],
    out: Path,
    *,
    apart: Sequence[str] = (),
    recipe: RecipeName = "quadrant",
    net: Kind = "light",
    begin_with: str | Path | None = None,
    steps: int | None = None,
    seed: int = 0,
    device: str = "auto",
    transmitters: tuple[int, int] | None = None,
    imaging: ImagingSettings = _IMAGING,
    overwrite: bool = False,
    beamformed: Callable[[str], None] = lambda name: None,
    progress: TrainingProgress = lambda step, steps, curve: None,
) -> TrainedModel:
    """Trains a network on raw frames alone, and writes the model folder with a report beside the weights.

    A training that was killed goes on when it is called again with the same arguments. No more than a few frames are in
    memory at a time: what is prepared of them lies in `out`, in files without a name, about a quarter of the
    recordings' size. Under `torchrun` each process prepares a share of them, and the first writes the model.

    Args:
        sources: recordings of channel data, one for each subject or phantom, or folders, patterns and lists (@FILE) of
            them; or N simulated phantoms, "sim:N" of random tissue, "anatomy:N" of anatomies.
        out: the model folder; it must not hold a model yet.
        apart: recordings to hold out, to judge by; by default some of the subjects.
        recipe: "quadrant", "frequency" or "paper", see `sonolucent.nn.training.RECIPES`.
        net: "light" (for a CPU) or "full" (for a GPU); what it begins with tells, where there is that.
        begin_with: a model folder, or a shipped model's name: it is fine-tuned, and stays as it is where nothing better
            comes of it by the held-out frames.
        steps: training steps; by default the recipe's own number, or a few hundred for a model that is fine-tuned.
        seed: of the weights, the batches and the choice of subjects held out.
        device: "cpu", "cuda" or "cuda:N"; "auto" takes a GPU where there is one.
        transmitters: the two elements whose image the recipe "paper" is given; a symmetric pair by default.
        imaging: how the frames are beamformed; its dynamic range is that of the images which the network enhances.
        overwrite: whether a model that is there may be replaced.
        beamformed: called with the name of each frame that is ready.
        progress: called after each step with its number, from 1, how many there are, and the curve so far.

    Raises:
        ConfigError: an argument cannot be used, or frames cannot be trained on; the message names file and frame.
        RecordingError: a recording cannot be read.
        OutputError: `out` is a file.
        OSError: its disk is full.
    """
    begun = time.monotonic()
    sources, apart = single_sources(sources), single_sources(apart)
    _require_sense(sources, apart, out, steps, overwrite=overwrite)
    device = fit_device(device)
    start = None if begin_with is None else _model_to_begin_with(begin_with, net, imaging.dynamic_range_db)
    kind: Kind = net if start is None else "full" if start.info.kind == "full" else "light"
    code = code_version()  # that the training starts with, whatever is checked out while it runs
    keep, checkpoint = partial(ArrayFile, out), out / "checkpoint.pt"
    with model_folder(out), ranked(device) as rank:
        try:
            share = share_of(
                sources,
                apart,
                rank=rank,
                seed=seed,
                imaging=imaging,
                transmitters=transmitters,
                needs_sparse=RECIPES[recipe].needs_sparse,
                keep=keep,
                beamformed=beamformed,
            )
            trained = train(
                share.frames,
                share.data.grid,
                held_out=share.judging,
                recipe=recipe,
                kind=kind,
                begin_with=None if start is None else start.unet,
                begun_as_shown=None if start is None else AsShown(start, share.grain),
                steps=steps,
                seed=seed,
                dynamic_range_db=imaging.dynamic_range_db,
                device=device,
                checkpoint=checkpoint,
                keep=keep,
                progress=progress,
            )
        except TrainingError as error:
            raise ConfigError(str(error)) from error
        began_with = "" if start is None else start.id
        origin = Provenance(share.description, recipe, trained.curve[-1].step, seed, code, began_with)
        info = _info(out, kind, imaging.dynamic_range_db, origin, trained)
        info = msgspec.structs.replace(info, trained_on=share.data.conditions, speckle_grain_px=share.grain)
        facts = {
            "frames": f"{share.n_training} and {len(share.judging)} held out",
            "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
            **_judged(trained, began_with),
        }
        if rank.leads:
            save_model(out, trained.network, info)
            torchscript_file(load_model(out))  # or a stream that watches the folder would, beside its frames
            write_report(out / "report", trained, info, share.judging or share.frames, share.data.grid, facts)
            checkpoint.unlink(missing_ok=True)
    return TrainedModel(info, facts, share.data.warnings, trained.comparison, rank.leads)


def _require_sense(
    sources: Sequence[str], apart: Sequence[str], out: Path, steps: int | None, *, overwrite: bool
) -> None:
    if not sources:
        raise ConfigError("give at least one recording, or sim:N or anatomy:N")
    if both := set(sources) & set(apart):
        raise ConfigError(f"{', '.join(sorted(both))}: cannot be both trained on and held out")
    require_new_model(out, overwrite=overwrite)
    if steps is not None and steps < 1:
        raise ConfigError(f"steps must be positive, not {steps}")


def _model_to_begin_with(model: str | Path, net: Kind, dynamic_range_db: float) -> Model:
    try:
        start = load_model(find_model(model))
        _ = start.unet  # or it is refused
    except ModelError as error:
        raise ConfigError(str(error)) from error
    if (net, start.info.kind) == ("full", "light"):
        raise ConfigError(f"{start.id} is a light network; leave out net, or begin with a full one")
    if start.info.dynamic_range_db != dynamic_range_db:
        raise ConfigError(
            f"{start.id} enhances images of {start.info.dynamic_range_db:g} dB, not {dynamic_range_db:g}; "
            f"give dynamic_range_db {start.info.dynamic_range_db:g}"
        )
    return start


def _judged(trained: Trained, began_with: str) -> dict[str, str]:
    """What came of a model that was fine-tuned, in words."""
    if not began_with:
        return {}
    if trained.began_db is None:
        return {"fine-tuned": f"{began_with}; nothing was held out to judge by, so look at it before it is used"}
    if trained.step == 0:
        return {"fine-tuned": f"nothing better came of it: the weights are those of {began_with}"}
    if trained.comparison is None:
        raise RuntimeError("a model that was fine-tuned with frames held out was not compared")
    doubt = "" if trained.comparison.better else "; that may be chance, so look at it before it is used"
    return {"fine-tuned": f"{began_with}; {trained.comparison}{doubt}"}


def _info(out: Path, net: Kind, dynamic_range_db: float, origin: Provenance, trained: Trained) -> ModelInfo:
    error_db = trained.curve[-1].error_db
    return ModelInfo(
        name=out.resolve().name,
        kind=net,
        dynamic_range_db=dynamic_range_db,
        training=origin,
        measured={} if error_db is None else {"validation_error_db": round(error_db, 3)},
    )
