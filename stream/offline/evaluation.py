"""An evaluation: every method on held-out phantoms and real images, as figures, tables and pictures."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from sonolucent.beamform import ImageGrid
from sonolucent.nn import ModelError
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
from sonolucent.nn.evaluate.self_supervised import self_supervised
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.evaluation_manifest import load_manifest
from sonolucent.stream.offline.evaluation_real import add_real_images
from sonolucent.stream.offline.evaluation_report import EvaluationReport, write_json, write_markdown, write_pictures
from sonolucent.stream.recording.open import open_recording

_COUNTS = PhantomCounts()


def evaluate_models(
    models: Sequence[Path],
    out: Path,
    *,
    scanner: Path | None = None,
    condition: str = "reference",
    counts: PhantomCounts = _COUNTS,
    data: Path | None = None,
    manifest: Path | None = None,
    self_supervised_steps: int = 0,
    progress: EvaluationProgress = lambda what: None,
) -> EvaluationReport:
    """Measures models, every filter and every compound on phantoms that nothing was trained on, and on real images.

    Args:
        models: model folders; those that are shipped when there are none.
        out: the folder for report.md, report.json and pictures; made when it is missing.
        scanner: a recording: phantoms are imaged by its probe, transmits and speed of sound, not by the reference's.
        condition: one of `sonolucent.nn.evaluate.CONDITIONS`.
        counts: of phantoms.
        data: a folder of real images.
        manifest: says what is measured in `data`; `evaluation.toml` there by default.
        self_supervised_steps: of Self2Self, on every image anew, and Speckle2Self; 0 leaves them out.
        progress: told what is under way.

    Raises:
        ConfigError: an argument cannot be used; a folder holds no model; real images are not as the manifest says.
        RecordingError: a recording cannot be read.
    """
    _require_sense(scanner, condition, counts, self_supervised_steps)
    if manifest is not None and data is None:
        raise ConfigError("a manifest names files in a folder of real images; give data = FOLDER too")
    real = None if data is None else (data, load_manifest(data, manifest))
    try:
        compared = methods(models)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    under = _condition(condition, scanner)
    phantom_scanner = PhantomScanner(under)
    out.mkdir(parents=True, exist_ok=True)
    if self_supervised_steps:
        progress("training Speckle2Self")
        compared += self_supervised(self_supervised_steps, phantom_scanner)
    results = evaluate_simulated(compared, phantom_scanner, counts, progress)
    report = _report(condition, under, counts, compared, results)
    aspect = phantom_scanner.grid.dz_m / phantom_scanner.grid.dx_m
    write_pictures(out / "cysts.png", results.pictures, DYNAMIC_RANGE_DB, aspect)
    if real is not None:
        add_real_images(*real, out, compared, report, progress)
    write_json(out / "report.json", report)
    write_markdown(out / "report.md", report)
    return report


def _require_sense(scanner: Path | None, condition: str, counts: PhantomCounts, self_supervised_steps: int) -> None:
    if condition not in CONDITIONS:
        raise ConfigError(f"no condition {condition!r}; there are {', '.join(CONDITIONS)}")
    if scanner is not None and condition == "probe":
        raise ConfigError("the condition probe is a probe of its own; leave out scanner, or choose another condition")
    numbers = {**dataclasses.asdict(counts), "self_supervised_steps": self_supervised_steps}
    for name, number in numbers.items():
        least = 1 if name == "cysts" else 0
        if number < least:
            raise ConfigError(f"{name} must be at least {least}, not {number}")
    for name in ("cysts", "tissue", "uniform"):
        if numbers[name] > len(HELD_OUT):
            raise ConfigError(f"{name} = {numbers[name]}: only {len(HELD_OUT)} seeds are held out")
    if counts.moving == 1:
        raise ConfigError("moving = 1: flicker needs at least two frames; give 0 to leave it out")


def _condition(name: str, scanner: Path | None) -> Condition:
    condition = CONDITIONS[name]
    if scanner is None:
        return condition
    acquisition = open_recording(scanner).acquisition
    try:
        require_cysts(ImageGrid.for_acquisition(acquisition))
    except ValueError as error:
        raise ConfigError(f"{scanner}: {error}") from error
    return dataclasses.replace(condition, acquisition=acquisition, what=f"{condition.what}, by {scanner.name}")


def _report(
    name: str, condition: Condition, counts: PhantomCounts, compared: Sequence[ComparedMethod], results: PhantomResults
) -> EvaluationReport:
    """What the simulated phantoms told."""
    return EvaluationReport(
        condition=name,
        what=condition.what,
        phantoms=dataclasses.asdict(counts),
        held_out_seeds=(HELD_OUT[0], HELD_OUT[max(counts.cysts, counts.tissue, counts.uniform) - 1]),
        machine=f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        megabytes={method.name: method.megabytes for method in compared},
        milliseconds=results.milliseconds,
        simulated=dict(results.figures),
    )
