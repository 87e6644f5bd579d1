"""`sonolucent evaluate`: every method on held-out phantoms and real images, as tables, figures and pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
import tyro

from sonolucent.beamform.imaging_settings import ImagingSettings
from sonolucent.stream.commands.parsing import parse, print_json
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.despeckle_options import DespecklingSuite
from sonolucent.stream.offline.sr_options import SuperResolutionSuite
from sonolucent.stream.printable import say

if TYPE_CHECKING:
    from sonolucent.stream.engines.engine_choice import EngineChoice
    from sonolucent.stream.offline.despeckle_evaluation import DespecklingReport
    from sonolucent.stream.offline.evaluation_report import EvaluationReport
    from sonolucent.stream.offline.sr_evaluation import SuiteReport

_IN_ALL = {"suite", "out", "overwrite", "data", "manifest", "json"}
_OF_ONE = {"sr": {"sr"}, "despeckle": {"despeckle", "models", "grain"}}
"""Options of suites other than quality, which has all but those named as a suite."""


class EvaluateOptions(msgspec.Struct, frozen=True):
    """Measures enhancements on phantoms that nothing was trained on or chosen by, and on real images.

    Args:
        models: model folders; those that are shipped by default.
        suite: quality (of enhanced images), sr (of images that were made small and are made large again), or despeckle
            (of methods for single images, beside one another).
        sr: of the suite sr; it takes out, overwrite, data, manifest and json as well.
        despeckle: of the suite despeckle; it takes what sr does, models, and grain.
        out: the folder for report.md, report.json and pictures.
        overwrite: replace an evaluation that is there.
        scanner: a recording: phantoms are imaged by its probe, transmits and speed of sound, not by the reference's.
        condition: reference, attenuation, sound-speed, aberration, noise, probe or motion.
        anatomies: phantoms with structure everywhere, for error, structure, edges and spots that are not there.
        cysts: phantoms for contrast, speckle, edges and points.
        tissue: phantoms of the family trained on, for the error to the truth.
        uniform: phantoms for false structures; 50 for a figure to rely on.
        moving: frames of a moving phantom, for flicker.
        pictures: B-mode pictures to make anatomies of as well: FILE, FILE:WIDTH_MM or FILE:WIDTH_MM:RANGE_DB.
        data: a folder of real images.
        manifest: the file that says which of them are measured, and how; evaluation.toml in that folder by default.
        grain: of the images' speckle, as `grain` of `run`.
        engine: what does the phantoms side by side, as that of `reprocess`: local (processes of this machine), ray or
            slurm. Without it, this process does one after the other. The figures are the same.
        workers: how many work at once, as for `reprocess`.
        threads: of each worker, as for `reprocess`.
        slurm: parameters of the jobs, as for `reprocess`.
        imaging: how phantoms and captures are beamformed; the figures hold for a dynamic range of 60 dB.
        json: print the report as one JSON document as well.
    """

    models: tyro.conf.Positional[tuple[Path, ...]] = ()
    suite: Literal["quality", "sr", "despeckle"] = "quality"
    sr: SuperResolutionSuite = SuperResolutionSuite()
    despeckle: DespecklingSuite = DespecklingSuite()
    out: Path = Path("evaluation")
    overwrite: bool = False
    scanner: Path | None = None
    condition: str = "reference"
    anatomies: int = 12
    cysts: int = 8
    tissue: int = 4
    uniform: int = 10
    moving: int = 6
    pictures: tuple[str, ...] = ()
    data: Path | None = None
    manifest: Path | None = None
    grain: str = "auto"
    engine: Literal["local", "ray", "slurm"] | None = None
    workers: int | None = None
    threads: int | None = None
    slurm: tuple[str, ...] = ()
    imaging: Annotated[ImagingSettings, tyro.conf.OmitArgPrefixes] = ImagingSettings()
    json: bool = False


def main(arguments: Sequence[str]) -> int:
    options = parse(EvaluateOptions, arguments, "evaluate")
    _require_of_the_suite(options)
    report = _SUITES[options.suite](options)
    if options.json:
        print_json(report)
    else:
        say((options.out / "report.md").read_text(encoding="utf-8"))
    return 0


def _require_of_the_suite(options: EvaluateOptions) -> None:
    """
    Raises:
        ConfigError: an option of the other suite was given.
    """
    default, every = EvaluateOptions(), set(EvaluateOptions.__struct_fields__)
    others = set(_OF_ONE) if options.suite == "quality" else every - _IN_ALL - _OF_ONE[options.suite]
    for name in sorted(others):
        if getattr(options, name) != getattr(default, name):
            raise ConfigError(f"{name.replace('_', '-')} is no option of the suite {options.suite}; leave it out")


def _sr(options: EvaluateOptions) -> SuiteReport:
    from sonolucent.stream.offline.sr_evaluation import evaluate_sr

    return evaluate_sr(
        options.out,
        options.sr,
        overwrite=options.overwrite,
        data=options.data,
        manifest=options.manifest,
        progress=lambda what: say(what, file=sys.stderr),
    )


def _despeckle(options: EvaluateOptions) -> DespecklingReport:
    from sonolucent.stream.offline.despeckle_evaluation import evaluate_despeckling

    return evaluate_despeckling(
        options.models,
        options.out,
        options.despeckle,
        overwrite=options.overwrite,
        data=options.data,
        manifest=options.manifest,
        grain=options.grain,
        progress=lambda what: say(what, file=sys.stderr),
    )


def _quality(options: EvaluateOptions) -> EvaluationReport:
    from sonolucent.nn.evaluate import PhantomCounts
    from sonolucent.stream.offline.evaluation import evaluate_models

    return evaluate_models(
        options.models,
        options.out,
        overwrite=options.overwrite,
        scanner=options.scanner,
        condition=options.condition,
        counts=PhantomCounts(options.cysts, options.tissue, options.uniform, options.moving, options.anatomies),
        pictures=options.pictures,
        data=options.data,
        manifest=options.manifest,
        grain=options.grain,
        imaging=options.imaging,
        by=_engine_choice(options),
        progress=lambda what: say(what, file=sys.stderr),
    )


def _engine_choice(options: EvaluateOptions) -> EngineChoice | None:
    """
    Raises:
        ConfigError: something is said about workers, and there is no engine, or it cannot have them.
    """
    from sonolucent.stream.engines.engine_choice import EngineChoice

    if options.engine is not None:
        return EngineChoice(options.engine, options.workers, options.threads, options.slurm)
    for name in ("workers", "threads", "slurm"):
        if getattr(options, name) not in (None, ()):
            raise ConfigError(f"{name} has no meaning without an engine; add --engine local, ray or slurm")
    return None


_SUITES: dict[str, Callable[[EvaluateOptions], object]] = {"quality": _quality, "sr": _sr, "despeckle": _despeckle}
