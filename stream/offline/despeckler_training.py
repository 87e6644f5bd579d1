"""From B-mode images to a folder with a network of Speckle2Self: for images without phase."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.despeckling import Speckle2Self
from sonolucent.nn.image_methods import RANGE_DB, FitError, Fitting
from sonolucent.nn.model_folder import ModelInfo, Provenance, save_model
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.bmode_data import load_bmode
from sonolucent.stream.offline.lesson_report import Compared, mean_homogeneity, write_compared
from sonolucent.stream.offline.model_output import code_version, model_folder, require_new_model
from sonolucent.stream.offline.model_training import TrainedModel

RECIPE = "speckle2self"
_IMAGING = ImagingSettings()
_FITTING = Fitting()


def train_despeckler(
    sources: Sequence[str],
    out: Path,
    *,
    fitting: Fitting = _FITTING,
    imaging: ImagingSettings = _IMAGING,
    overwrite: bool = False,
    told: Callable[[str], None] = lambda name: None,
) -> TrainedModel:
    """Trains Speckle2Self on B-mode images alone, and writes the model folder with a report beside the weights.

    A training that was killed goes on when it is called again with the same arguments.

    Args:
        sources: files of B-mode (pictures, films, DICOM, .npz, recordings of images), recordings of channel data, or
            phantoms, "sim:N" or "anatomy:N".
        out: the model folder; it must not hold a model yet.
        fitting: how long, and with what; its checkpoint is in the folder.
        imaging: how channel data are imaged.
        overwrite: whether a model that is there may be replaced.
        told: the name of each image that is ready.

    Raises:
        ConfigError: an argument cannot be used, or images cannot be learnt from; the message names the image.
        RecordingError: a recording cannot be read.
        OutputError: `out` is a file.
    """
    begun = time.monotonic()
    require_learning(fitting, imaging)
    require_new_model(out, overwrite=overwrite)
    code, checkpoint = code_version(), out / "checkpoint.pt"
    method = Speckle2Self()
    with model_folder(out):
        data = load_bmode(sources, imaging, told)
        kept, apart = data.parted(fitting.seed)
        try:
            method.fit([image.image_db for image in kept], replace(fitting, checkpoint=checkpoint))
        except FitError as error:
            raise ConfigError(f"{', '.join(sources)}: {error}") from error
    if method.network is None:
        raise RuntimeError("a method that was fitted has learnt nothing")
    judged = [
        Compared(image.name, {"plain": image.image_db, RECIPE: method(image.image_db)}) for image in apart or kept
    ]
    homogeneous = mean_homogeneity(judged)
    info = ModelInfo(
        name=out.resolve().name,
        kind="speckle2self",
        training=Provenance(data.description, RECIPE, method.n_steps, fitting.seed, code),
        trained_on=data.conditions,
        speckle_grain_px=data.grain(RANGE_DB),
        measured={f"homogeneity_{name}": round(value, 3) for name, value in homogeneous.items()},
    )
    facts = {
        "images": f"{len(kept)} and {len(apart)} held out",
        "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
        "homogeneity": " to ".join(f"{value:.3f}" for value in homogeneous.values()),
    }
    save_model(out, method.network, info)
    write_compared(out / "report", info, facts, judged, held_out=bool(apart))
    checkpoint.unlink(missing_ok=True)
    return TrainedModel(info, facts, data.warnings)


def require_learning(fitting: Fitting, imaging: ImagingSettings) -> None:
    """
    Raises:
        ConfigError: it may learn for no time, or of images of another range.
    """
    if fitting.steps is not None and fitting.steps < 1:
        raise ConfigError(f"steps must be positive, not {fitting.steps}")
    if fitting.seconds is not None and not fitting.seconds > 0:
        raise ConfigError(f"budget must be positive, not {fitting.seconds:g} s")
    if imaging.dynamic_range_db != RANGE_DB:
        raise ConfigError(f"these methods hold for {RANGE_DB:g} dB; leave dynamic_range_db out")
