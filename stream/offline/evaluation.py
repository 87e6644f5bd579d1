"""An evaluation: every method on held-out phantoms and real images, as figures, tables and pictures."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from sonolucent.beamform import ImagingSettings
from sonolucent.nn.evaluate import (
    CONDITIONS,
    DYNAMIC_RANGE_DB,
    HELD_OUT,
    ComparedMethod,
    Condition,
    PhantomCounts,
    PhantomResults,
    PhantomScanner,
    evaluate_simulated,
    methods,
)
from sonolucent.nn.evaluate.figures import require_cysts
from sonolucent.nn.evaluate.held_out import EvaluationProgress
from sonolucent.nn.shipped_models import find_model
from sonolucent.sim import phantoms
from sonolucent.sim.picture import PREFIX
from sonolucent.stream.engines.engine_choice import EngineChoice
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.evaluation_manifest import load_manifest
from sonolucent.stream.offline.evaluation_output import require_data_of, require_new_evaluation
from sonolucent.stream.offline.evaluation_real import add_real_images
from sonolucent.stream.offline.evaluation_report import EvaluationReport, write_json, write_markdown, write_pictures
from sonolucent.stream.offline.shared_phantoms import PhantomWorkshop, SharedPhantoms
from sonolucent.stream.recording.open import open_recording

_COUNTS = PhantomCounts()
_BY_SEED = ("anatomies", "cysts", "tissue", "uniform")
"""The counts of phantoms that are drawn by seed; the moving one has a single seed."""
_IMAGING = ImagingSettings(dynamic_range_db=DYNAMIC_RANGE_DB)


def evaluate_models(
    models: Sequence[Path],
    out: Path,
    *,
    overwrite: bool = False,
    scanner: Path | None = None,
    condition: str = "reference",
    counts: PhantomCounts = _COUNTS,
    pictures: Sequence[str] = (),
    data: Path | None = None,
    manifest: Path | None = None,
    grain: str = "auto",
    imaging: ImagingSettings = _IMAGING,
    by: EngineChoice | None = None,
    progress: EvaluationProgress = lambda what: None,
) -> EvaluationReport:
    """Measures models, every filter and every compound on phantoms that nothing was trained on, and on real images.

    Args:
        models: model folders; those that are shipped when there are none.
        out: the folder for report.md, report.json and pictures; made when it is missing.
        overwrite: whether it may replace an evaluation that is there.
        scanner: a recording: phantoms are imaged by its probe, transmits and speed of sound, not by the reference's.
        condition: one of `sonolucent.nn.evaluate.CONDITIONS`.
        counts: of phantoms.
        pictures: B-mode pictures to make anatomies of as well: FILE, FILE:WIDTH_MM or FILE:WIDTH_MM:RANGE_DB.
        data: a folder of real images.
        manifest: says what is measured in `data`; `evaluation.toml` there by default.
        grain: of the images' speckle, as `sonolucent.nn.Enhancer` takes it.
        imaging: how phantoms and captures are beamformed; the figures hold for a dynamic range of 60 dB.
        by: what does the phantoms, side by side; one after the other, in this process, by default. The figures are the
            same.
        progress: told what is under way.

    Raises:
        ConfigError: an argument cannot be used; a folder holds no model; real images are not as the manifest says.
        OutputError: the folder holds an evaluation, and must not be overwritten.
        RecordingError: a recording cannot be read.
        StageFailed: the engine cannot be started, or a phantom was lost with two of its workers.
    """
    require_new_evaluation(out, data, overwrite=overwrite)
    _require_sense(scanner, condition, counts)
    if imaging.dynamic_range_db != DYNAMIC_RANGE_DB:
        raise ConfigError(f"figures hold for {DYNAMIC_RANGE_DB:g} dB; leave dynamic_range_db out")
    require_data_of(manifest, data)
    phantoms_of_pictures = _named(pictures)
    real = None if data is None else (data, load_manifest(data, manifest))
    try:
        compared = methods(models, grain=grain)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    under = _condition(condition, scanner, imaging)
    phantom_scanner = PhantomScanner(under, settings=imaging)
    out.mkdir(parents=True, exist_ok=True)
    shared = None
    if by is not None:
        folders = tuple(find_model(model).absolute() for model in models)  # workers may run in other folders
        workshop = PhantomWorkshop(condition, under.acquisition, imaging, folders, grain)
        folder = out.absolute() / ".slurm"
        shared = SharedPhantoms(by.engine(workshop, folder), folder, progress)
    results = evaluate_simulated(
        compared, phantom_scanner, counts, progress, pictures=phantoms_of_pictures, measuring=shared
    )
    report = phantom_report(condition, under, counts, compared, results)
    if shared is not None:
        report.engine, report.workers = shared.engine.name, shared.engine.workers
    aspect = phantom_scanner.grid.dz_m / phantom_scanner.grid.dx_m
    for name, images in results.anatomies.items():
        report.pictures.append(f"{name}.png")
        write_pictures(out / report.pictures[-1], images, DYNAMIC_RANGE_DB, aspect)
    if real is not None:
        add_real_images(*real, out, compared, report, progress, imaging)
    report.pictures.append("cysts.png")
    write_pictures(out / "cysts.png", results.pictures, DYNAMIC_RANGE_DB, aspect)
    write_json(out / "report.json", report)
    write_markdown(out / "report.md", report)
    return report


def _require_sense(scanner: Path | None, condition: str, counts: PhantomCounts) -> None:
    if condition not in CONDITIONS:
        raise ConfigError(f"no condition {condition!r}; there are {', '.join(CONDITIONS)}")
    if scanner is not None and condition == "probe":
        raise ConfigError("the condition probe is a probe of its own; leave out scanner, or choose another condition")
    numbers = dataclasses.asdict(counts)
    for name, number in numbers.items():
        least = 1 if name == "cysts" else 0
        if number < least:
            raise ConfigError(f"{name} must be at least {least}, not {number}")
    for name in _BY_SEED:
        if numbers[name] > len(HELD_OUT):
            raise ConfigError(f"{name} = {numbers[name]}: only {len(HELD_OUT)} seeds are held out")
    if counts.moving == 1:
        raise ConfigError("moving = 1: flicker needs at least two frames; give 0 to leave it out")


def _named(pictures: Sequence[str]) -> list[str]:
    """The names of their phantoms.

    Raises:
        ConfigError: one cannot be a phantom.
    """
    names = [f"{PREFIX}{Path(picture).absolute()}" for picture in pictures]  # workers may run in other folders
    try:
        for name in names:
            phantoms.find(name)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    return names


def _condition(name: str, scanner: Path | None, imaging: ImagingSettings) -> Condition:
    condition = CONDITIONS[name]
    acquisition = condition.acquisition
    if scanner is not None:
        acquisition = open_recording(scanner, sound_speed_m_s=imaging.sound_speed_m_s).acquisition
    try:
        require_cysts(imaging.grid_of(acquisition))
    except ValueError as error:
        raise ConfigError(f"{scanner or condition.what}: {error}") from error
    if scanner is None:
        return condition
    return dataclasses.replace(condition, acquisition=acquisition, what=f"{condition.what}, by {scanner.name}")


def phantom_report(
    name: str, condition: Condition, counts: PhantomCounts, compared: Sequence[ComparedMethod], results: PhantomResults
) -> EvaluationReport:
    """What the simulated phantoms told."""
    return EvaluationReport(
        condition=name,
        what=condition.what,
        phantoms=dataclasses.asdict(counts),
        held_out_seeds=(HELD_OUT[0], HELD_OUT[max(getattr(counts, name) for name in _BY_SEED) - 1]),
        machine=f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        megabytes={method.name: method.megabytes for method in compared},
        milliseconds=results.milliseconds,
        simulated=dict(results.figures),
    )
