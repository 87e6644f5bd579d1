"""Fine-tunes the model of a run on the frames that were gathered, and judges what came of it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import torch

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.training.state import CurvePoint
from sonolucent.stream.accounting.live_training import LiveTraining
from sonolucent.stream.errors import StageFailed
from sonolucent.stream.offline.model_training import train_model
from sonolucent.stream.sinks.training_process import DRAFTS, HELD_OUT, TRAINING
from sonolucent.stream.training_settings import TrainingSettings

_TOLD_S = 1.0
_SUFFIX = "-live"


def fine_tuned(
    so_far: LiveTraining,
    imaging: ImagingSettings,
    model: Path,
    settings: TrainingSettings,
    say: Callable[[LiveTraining], None],
) -> LiveTraining:
    """Trains; the model's folder is there when it is whole, beside the recordings.

    Args:
        so_far: what was gathered.
        imaging: how the run makes images now.
        model: the folder of the model in use.
        settings: for how long.
        say: told how far it is.

    Raises:
        ConfigError, RecordingError, ModelError: it cannot be trained on these frames.
    """
    torch.set_num_threads(1)
    folder, start = Path(so_far.folder), load_model(model)
    # Whoever made the model chose its name, which must not lead to another folder.
    name = re.sub(r"[^\w.-]", "_", start.info.name.removesuffix(_SUFFIX), flags=re.ASCII) + _SUFFIX
    draft, place = folder / DRAFTS / name, folder / name
    progress = _Progress(msgspec.structs.replace(so_far, state="training", began_with=start.id), say)
    trained = train_model(
        [str(folder / TRAINING)],
        draft,
        apart=[str(folder / HELD_OUT)],
        begin_with=model,
        steps=settings.steps,
        imaging=msgspec.structs.replace(imaging, dynamic_range_db=start.info.dynamic_range_db),
        progress=progress,
    )
    shutil.rmtree(place, ignore_errors=True)  # of a process of this run that was killed
    draft.rename(place)
    draft.parent.rmdir()
    found = trained.comparison
    if found is None:
        raise StageFailed("no frames were held out to judge by")
    return msgspec.structs.replace(
        progress.so_far,
        state="trained",
        said=f"{start.id} is fine-tuned: {found}",
        before_db=round(found.before_db, 4),
        after_db=round(found.after_db, 4),
        n_better=found.n_better,
        n_held_out=found.n_frames,
        better=found.better,
        model=str(place),
    )


class _Progress:
    """Says about once a second how far a training is."""

    def __init__(self, so_far: LiveTraining, say: Callable[[LiveTraining], None]) -> None:
        self.so_far, self._say, self._said_s = so_far, say, 0.0
        self(0, 0, [])

    def __call__(self, step: int, steps: int, curve: list[CurvePoint]) -> None:
        error_db = curve[-1].error_db if curve else None
        so_good = "" if error_db is None else f", validation error {error_db:.3f} dB"
        said = f"fine-tunes {self.so_far.began_with}, step {step} of {steps}{so_good}" if steps else "beamforms"
        self.so_far = msgspec.structs.replace(self.so_far, step=step, steps=steps, said=said)
        if time.monotonic() - self._said_s > _TOLD_S:
            self._said_s = time.monotonic()
            self._say(self.so_far)
