"""`sonolucent evaluate`: every method on held-out phantoms and real images, as tables, figures and pictures."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import tyro

from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError

if TYPE_CHECKING:
    from sonolucent.nn.evaluate.methods import Method
    from sonolucent.nn.evaluate.simulated import Counts, Results
    from sonolucent.stream.evaluation_report import Report


class EvaluateOptions(msgspec.Struct, frozen=True):
    """Measures enhancements on phantoms that nothing was trained on or chosen by, and on real images.

    Args:
        models: model folders; those that are shipped by default.
        out: the folder for report.md, report.json and pictures; made anew.
        condition: reference, attenuation, sound-speed, aberration, noise, probe or motion.
        cysts: phantoms for contrast, speckle, edges and points.
        tissue: phantoms of the family trained on, for the error to the truth.
        uniform: phantoms for false structures; 50 for a figure to rely on.
        moving: frames of a moving phantom, for flicker.
        data: a folder of real images, with fmc/ (captures), bmode/carotid/ and bmode/speckle2self/
            (in-vivo frames).
        self_supervised_steps: steps of Self2Self, on every image anew, and Speckle2Self; 0 leaves them out. Hours on a
            CPU if they are to be any good.
        json: print the report as one JSON document as well.
    """

    models: tyro.conf.Positional[tuple[Path, ...]] = ()
    out: Path = Path("evaluation")
    condition: str = "reference"
    cysts: int = 8
    tissue: int = 4
    uniform: int = 10
    moving: int = 6
    data: Path | None = None
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
    for name, least in (("cysts", 1), ("tissue", 0), ("uniform", 0), ("moving", 0), ("self_supervised_steps", 0)):
        if getattr(options, name) < least:
            raise ConfigError(f"{name} must be at least {least}, not {getattr(options, name)}")
    for name in ("cysts", "tissue", "uniform"):
        if getattr(options, name) > len(HELD_OUT):
            raise ConfigError(f"{name} = {getattr(options, name)}: only {len(HELD_OUT)} seeds are held out")
    if options.moving == 1:
        raise ConfigError("moving = 1: flicker needs at least two frames; give 0 to leave it out")


def _evaluate(options: EvaluateOptions) -> Report:
    from sonolucent.nn.evaluate.methods import methods
    from sonolucent.nn.evaluate.scenes import CONDITIONS, DYNAMIC_RANGE_DB, Scanner
    from sonolucent.nn.evaluate.self_supervised import self_supervised
    from sonolucent.nn.evaluate.simulated import Counts, evaluate_simulated
    from sonolucent.stream import evaluation_report as files

    compared = methods(options.models)
    scanner = Scanner(CONDITIONS[options.condition])
    options.out.mkdir(parents=True, exist_ok=True)
    if options.self_supervised_steps:
        _say("training Speckle2Self")
        compared += self_supervised(options.self_supervised_steps, scanner)
    counts = Counts(options.cysts, options.tissue, options.uniform, options.moving)
    results = evaluate_simulated(compared, scanner, counts, _say)
    report = _report(options, counts, compared, results)
    aspect = scanner.grid.dz_m / scanner.grid.dx_m
    files.write_pictures(options.out / "cysts.png", results.pictures, DYNAMIC_RANGE_DB, aspect)
    if options.data is not None:
        add_real_images(options.data, options.out, compared, report)
    files.write_json(options.out / "report.json", report)
    files.write_markdown(options.out / "report.md", report)
    return report


def _report(options: EvaluateOptions, counts: Counts, compared: Sequence[Method], results: Results) -> Report:
    """What the simulated phantoms told."""
    from sonolucent.nn.evaluate.scenes import CONDITIONS
    from sonolucent.nn.evaluate.seeds import HELD_OUT
    from sonolucent.stream.evaluation_report import Report

    return Report(
        condition=options.condition,
        what=CONDITIONS[options.condition].what,
        phantoms=dataclasses.asdict(counts),
        held_out_seeds=(HELD_OUT[0], HELD_OUT[max(counts.cysts, counts.tissue, counts.uniform) - 1]),
        machine=f"{len(os.sched_getaffinity(0))} cores, {platform.machine()}",
        megabytes={method.name: method.megabytes for method in compared},
        milliseconds=results.milliseconds,
        simulated=dict(results.figures),
    )


def add_real_images(data: Path, out: Path, compared: Sequence[Method], report: Report) -> None:
    """Adds the figures of real images to the report, and their pictures to `out`.

    Raises:
        ConfigError: the folder lacks one of the kinds, or a file cannot be read.
    """
    _captures(data, out, compared, report)
    on_b_mode = [method for method in compared if not method.needs_phase]
    _vessels(data, out, on_b_mode, report)
    _published(data, on_b_mode, report)


def _captures(data: Path, out: Path, compared: Sequence[Method], report: Report) -> None:
    from sonolucent.nn.evaluate.estimates import estimates
    from sonolucent.nn.evaluate.real import reflector_figures
    from sonolucent.stream import evaluation_data as real
    from sonolucent.stream.evaluation_report import write_pictures

    for capture in real.captures(data):
        _say(capture.name)
        images = {method.name: method.apply(capture.view) for method in compared}
        if capture.name in real.REFLECTORS_M:
            at_m = real.REFLECTORS_M[capture.name]
            report.captures[capture.name] = {
                method: estimates([reflector_figures(image, capture.grid, at_m)]) for method, image in images.items()
            }
        aspect = capture.grid.dz_m / capture.grid.dx_m
        write_pictures(out / f"{Path(capture.name).stem}.png", images, real.RANGE_DB, aspect)


def _vessels(data: Path, out: Path, on_b_mode: Sequence[Method], report: Report) -> None:
    from sonolucent.nn.evaluate.estimates import estimates
    from sonolucent.nn.evaluate.real import vessel_figures
    from sonolucent.stream import evaluation_data as real
    from sonolucent.stream.evaluation_report import write_pictures

    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for frame in real.vessel_frames(data):
        _say(frame.name)
        images = {method.name: method.apply(frame.view) for method in on_b_mode}
        for method, image in images.items():
            rows[method].append(vessel_figures(image, frame.lumen, frame.tissue))
        write_pictures(out / f"{Path(frame.name).stem}.png", images, real.RANGE_DB, 1.0)
    report.in_vivo.update({method: estimates(of_method) for method, of_method in rows.items()})


def _published(data: Path, on_b_mode: Sequence[Method], report: Report) -> None:
    from sonolucent.nn import metrics
    from sonolucent.nn.evaluate.estimates import of_values
    from sonolucent.stream import evaluation_data as real

    rows: dict[str, list[float]] = defaultdict(list)
    for view, published in real.published_frames(data):
        images = {method.name: method.apply(view) for method in on_b_mode} | published
        for method, image in images.items():
            rows[method].append(metrics.homogeneity(image, dynamic_range_db=real.RANGE_DB))
    report.published.update({method: {"homogeneity": of_values(values)} for method, values in rows.items()})


def _say(what: str) -> None:
    print(what, file=sys.stderr)
