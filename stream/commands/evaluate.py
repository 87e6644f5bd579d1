"""`sonolucent evaluate`: every method on held-out phantoms and real images, as tables, figures and pictures."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError

if TYPE_CHECKING:
    from sonolucent.nn.evaluate.methods import Method
    from sonolucent.nn.evaluate.scenes import Condition
    from sonolucent.nn.evaluate.simulated import Counts, Results
    from sonolucent.stream.offline.evaluation_report import Report


class EvaluateOptions(msgspec.Struct, frozen=True):
    """Measures enhancements on phantoms that nothing was trained on or chosen by, and on real images.

    Args:
        models: model folders; those that are shipped by default.
        out: the folder for report.md, report.json and pictures; made anew.
        scanner: a recording: phantoms are imaged by its probe, transmits and speed of sound, not by the reference's.
        condition: reference, attenuation, sound-speed, aberration, noise, probe or motion.
        cysts: phantoms for contrast, speckle, edges and points.
        tissue: phantoms of the family trained on, for the error to the truth.
        uniform: phantoms for false structures; 50 for a figure to rely on.
        moving: frames of a moving phantom, for flicker.
        data: a folder of real images.
        manifest: the file that says which of them are measured, and how; evaluation.toml in that folder by default.
        self_supervised_steps: steps of Self2Self, on every image anew, and Speckle2Self; 0 leaves them out. Hours on a
            CPU if they are to be any good.
        json: print the report as one JSON document as well.
    """

    models: tyro.conf.Positional[tuple[Path, ...]] = ()
    out: Path = Path("evaluation")
    scanner: Path | None = None
    condition: str = "reference"
    cysts: int = 8
    tissue: int = 4
    uniform: int = 10
    moving: int = 6
    data: Path | None = None
    manifest: Path | None = None
    self_supervised_steps: int = 0
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    from sonolucent.nn import ModelError
    from sonolucent.nn.evaluate.scenes import CONDITIONS

    options = parse(EvaluateOptions, arguments, "evaluate")
    _require_sense(options, tuple(CONDITIONS))
    try:
        report = _evaluate(options)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    if options.json:
        print_json(report)
    else:
        print((options.out / "report.md").read_text(encoding="utf-8"))
    return 0


def _require_sense(options: EvaluateOptions, conditions: Sequence[str]) -> None:
    from sonolucent.nn.evaluate.seeds import HELD_OUT

    if options.condition not in conditions:
        raise ConfigError(f"no condition {options.condition!r}; there are {', '.join(conditions)}")
    if options.scanner is not None and options.condition == "probe":
        raise ConfigError("the condition probe is a probe of its own; leave out scanner, or choose another condition")
    for name, least in (("cysts", 1), ("tissue", 0), ("uniform", 0), ("moving", 0), ("self_supervised_steps", 0)):
        if getattr(options, name) < least:
            raise ConfigError(f"{name} must be at least {least}, not {getattr(options, name)}")
    for name in ("cysts", "tissue", "uniform"):
        if getattr(options, name) > len(HELD_OUT):
            raise ConfigError(f"{name} = {getattr(options, name)}: only {len(HELD_OUT)} seeds are held out")
    if options.manifest is not None and options.data is None:
        raise ConfigError("a manifest names files in a folder of real images; give data = FOLDER too")
    if options.moving == 1:
        raise ConfigError("moving = 1: flicker needs at least two frames; give 0 to leave it out")


def _evaluate(options: EvaluateOptions) -> Report:
    from sonolucent.nn.evaluate.methods import methods
    from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB, Scanner
    from sonolucent.nn.evaluate.self_supervised import self_supervised
    from sonolucent.nn.evaluate.simulated import Counts, evaluate_simulated
    from sonolucent.stream.offline import evaluation_report as files
    from sonolucent.stream.offline.evaluation_manifest import load_manifest
    from sonolucent.stream.offline.evaluation_real import add_real_images

    manifest = None if options.data is None else load_manifest(options.data, options.manifest)
    compared = methods(options.models)
    condition = _condition(options)
    scanner = Scanner(condition)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.self_supervised_steps:
        _say("training Speckle2Self")
        compared += self_supervised(options.self_supervised_steps, scanner)
    counts = Counts(options.cysts, options.tissue, options.uniform, options.moving)
    results = evaluate_simulated(compared, scanner, counts, _say)
    report = _report(options, condition, counts, compared, results)
    aspect = scanner.grid.dz_m / scanner.grid.dx_m
    files.write_pictures(options.out / "cysts.png", results.pictures, DYNAMIC_RANGE_DB, aspect)
    if options.data is not None and manifest is not None:
        add_real_images(options.data, manifest, options.out, compared, report, _say)
    files.write_json(options.out / "report.json", report)
    files.write_markdown(options.out / "report.md", report)
    return report


def _condition(options: EvaluateOptions) -> Condition:
    from sonolucent.beamform import ImageGrid
    from sonolucent.nn.evaluate.figures import require_cysts
    from sonolucent.nn.evaluate.scenes import CONDITIONS
    from sonolucent.stream.recording.open import open_recording

    condition = CONDITIONS[options.condition]
    if options.scanner is None:
        return condition
    acquisition = open_recording(options.scanner).acquisition
    try:
        require_cysts(ImageGrid.for_acquisition(acquisition))
    except ValueError as error:
        raise ConfigError(f"{options.scanner}: {error}") from error
    return dataclasses.replace(condition, acquisition=acquisition, what=f"{condition.what}, by {options.scanner.name}")


def _report(
    options: EvaluateOptions, condition: Condition, counts: Counts, compared: Sequence[Method], results: Results
) -> Report:
    """What the simulated phantoms told."""
    from sonolucent.nn.evaluate.seeds import HELD_OUT
    from sonolucent.stream.offline.evaluation_report import Report

    return Report(
        condition=options.condition,
        what=condition.what,
        phantoms=dataclasses.asdict(counts),
        held_out_seeds=(HELD_OUT[0], HELD_OUT[max(counts.cysts, counts.tissue, counts.uniform) - 1]),
        machine=f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        megabytes={method.name: method.megabytes for method in compared},
        milliseconds=results.milliseconds,
        simulated=dict(results.figures),
    )


def _say(what: str) -> None:
    print(what, file=sys.stderr)
