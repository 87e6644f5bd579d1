"""Any enhancement taught to a light network that runs live: images in, a model folder out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.export.torchscript import torchscript_file
from sonolucent.nn.image_methods import RANGE_DB, FitError, Fitting, is_offline, offline_method
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.decibels import Decibels
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.model_folder import ModelError, ModelInfo, Provenance, load_model, save_model
from sonolucent.nn.speckle_grain import median_grain
from sonolucent.nn.super_resolution.resize import resize
from sonolucent.nn.training.distillation import Lesson, taught
from sonolucent.nn.training.frames import MIN_FRAMES
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.bmode_data import BModeImage, load_bmode
from sonolucent.stream.offline.despeckler_training import require_learning
from sonolucent.stream.offline.lesson_report import Compared, mean_homogeneity, write_compared
from sonolucent.stream.offline.model_output import code_version, model_folder, require_new_model
from sonolucent.stream.offline.model_training import TrainedModel

RECIPE = "distilled"
_FITTED_TO = 8
_IMAGING = ImagingSettings()
_FITTING = Fitting()


def distill_model(
    teacher: str,
    sources: Sequence[str],
    out: Path,
    *,
    fitting: Fitting = _FITTING,
    teacher_fitting: Fitting | None = None,
    imaging: ImagingSettings = _IMAGING,
    overwrite: bool = False,
    told: Callable[[str], None] = lambda name: None,
) -> TrainedModel:
    """Teaches any enhancement to a light U-Net, and writes its model folder with a report beside the weights.

    A teacher that enlarges images is taught on images that are enlarged bicubically: its student is for the finer grid.
    One that learns from the image learns once, from eight of the images. What was killed goes on when it is called
    again with the same arguments.

    Args:
        teacher: what `sonolucent.nn.Enhancer` takes, or one of `sonolucent.nn.OFFLINE_METHODS`.
        sources: images to teach on: files of B-mode, recordings, or phantoms, "sim:N" or "anatomy:N".
        out: the model folder; it must not hold a model yet.
        fitting: how long the student learns, and with what; its checkpoint is in the folder.
        teacher_fitting: the same of a teacher that has to learn first; by default its own length.
        imaging: how channel data are imaged.
        overwrite: whether a model that is there may be replaced.
        told: what is ready.

    Raises:
        ConfigError: an argument cannot be used, or images cannot be learnt from.
        RecordingError: a recording cannot be read.
        OutputError: `out` is a file.
    """
    begun = time.monotonic()
    require_learning(fitting, imaging)
    require_new_model(out, overwrite=overwrite)
    code = code_version()
    at_first = teacher_fitting or Fitting(seed=fitting.seed, device=fitting.device)
    require_learning(at_first, imaging)
    checkpoints = {part: out / f".distill-{part}.pt" for part in ("teacher", "student")}
    with model_folder(out):
        try:
            teach = _Teacher(teacher, replace(at_first, checkpoint=checkpoints["teacher"], progress=fitting.progress))
            data = load_bmode(sources, imaging, told)
            if len(data.images) < MIN_FRAMES:
                raise ConfigError(f"{len(data.images)} image(s) are too few to teach on; give at least {MIN_FRAMES}")
            kept, apart = data.parted(fitting.seed)
            teach.learn(kept)
            lessons = [teach.lesson(image, told) for image in kept]
            student, n_steps = taught(lessons, replace(fitting, checkpoint=checkpoints["student"]), RANGE_DB)
            judged = [teach.judged(image, Decibels(student, RANGE_DB)) for image in apart or kept]
        except (FitError, ModelError) as error:
            raise ConfigError(f"{teacher}: {error}") from error
    figures = _figures(judged)
    info = ModelInfo(
        name=out.resolve().name,
        kind="light",
        training=Provenance(data.description, RECIPE, n_steps, fitting.seed, code, teacher=teach.id),
        trained_on=data.conditions if teach.scale == 1 else None,
        speckle_grain_px=median_grain((lesson.given for lesson in lessons), RANGE_DB),
        measured={name: round(value, 3) for name, value in figures.items()},
    )
    facts = {
        "images": f"{len(kept)} and {len(apart)} held out",
        "minutes": f"{(time.monotonic() - begun) / 60:.1f}",
        **_told(figures),
    }
    save_model(out, student, info)
    torchscript_file(load_model(out))  # or a stream that watches the folder would, beside its frames
    write_compared(out / "report", info, facts, judged, held_out=bool(apart))
    for checkpoint in (checkpoints["student"], *out.glob(f"{checkpoints['teacher'].name}*")):
        checkpoint.unlink(missing_ok=True)
    return TrainedModel(info, facts, data.warnings)


class _Teacher:
    """What is taught: a method that learns first, or whatever an enhancer runs."""

    def __init__(self, word: str, fitting: Fitting) -> None:
        if word == "none":
            raise ConfigError("none changes nothing, so there is nothing to teach; give an enhancement")
        self._method = offline_method(word) if is_offline(word) else None
        self._enhancer = Enhancer(word) if self._method is None else None
        self._fitting, self._subject = fitting, ""
        if self._method is None and (fitting.steps, fitting.seconds) != (None, None):
            raise ConfigError(f"{word} learns nothing first; leave teacher_steps and teacher_budget out")
        if self._enhancer is not None and self._enhancer.dynamic_range_db != RANGE_DB:
            raise ConfigError(f"{word} enhances images of {self._enhancer.dynamic_range_db:g} dB, not {RANGE_DB:g}")
        self.id = word if self._enhancer is None else self._enhancer.model
        self.scale = 1 if self._method is None else self._method.scale

    def learn(self, images: Sequence[BModeImage]) -> None:
        """From the images, where it has to: from all of them, or from some if it is a method that learns from one."""
        if self._method is None:
            return
        if self._method.learns_from != "others":
            spread = np.unique(np.linspace(0, len(images) - 1, _FITTED_TO).round().astype(int))
            images = [images[i] for i in spread]
        self._method.fit([image.image_db for image in images], self._fitting)

    def lesson(self, image: BModeImage, told: Callable[[str], None]) -> Lesson:
        """What a student is to see, and what to make of it."""
        given = image.image_db if self.scale == 1 else resize(image.image_db, self.scale).clip(-RANGE_DB, 0)
        lesson = Lesson(np.asarray(given, np.float32), self._made(image))
        told(f"{image.name} by {self.id}")
        return lesson

    def judged(self, image: BModeImage, student: Decibels) -> Compared:
        """An image by both."""
        lesson = self.lesson(image, lambda name: None)
        with torch.inference_mode():
            made = student(torch.from_numpy(lesson.given)[None, None])[0, 0].numpy()
        return Compared(image.name, {"plain": lesson.given, "teacher": lesson.wanted, "student": made})

    def _made(self, image: BModeImage) -> BMode:
        if self._method is not None:
            return self._method(image.image_db)
        assert self._enhancer is not None
        if image.subject != self._subject:  # another set-up, maybe
            self._subject = image.subject
            self._enhancer.forget_grain()
        return self._enhancer(image.image_db)


def _figures(judged: Sequence[Compared]) -> dict[str, float]:
    """Homogeneity of all three, and the root mean square of the student less the teacher in dB."""
    squares = [np.mean((of.images_db["student"] - of.images_db["teacher"]) ** 2) for of in judged]
    homogeneous = {f"homogeneity_{name}": value for name, value in mean_homogeneity(judged).items()}
    return {**homogeneous, "teacher_error_db": float(np.sqrt(np.mean(squares)))}


def _told(figures: dict[str, float]) -> dict[str, str]:
    plain, teacher, student = (figures[f"homogeneity_{name}"] for name in ("plain", "teacher", "student"))
    told = {
        "homogeneity": f"{plain:.3f}, the teacher's {teacher:.3f}, the student's {student:.3f}",
        "from the teacher": f"{figures['teacher_error_db']:.2f} dB",
    }
    if teacher > plain:
        told["of the teacher's gain in homogeneity"] = f"{100 * (student - plain) / (teacher - plain):.0f} %"
    return told
