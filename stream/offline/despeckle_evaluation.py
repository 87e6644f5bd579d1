"""The suite of despeckling: methods for single images on held-out phantoms and real pictures, as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import msgspec

from sonolucent.nn.evaluate import CONDITIONS, DYNAMIC_RANGE_DB, HELD_OUT, TRAINING, PhantomCounts, PhantomScanner
from sonolucent.nn.evaluate.despeckling_suite import despeckling_methods, despeckling_names, simulated_images
from sonolucent.nn.evaluate.held_out import EvaluationProgress, evaluate_simulated
from sonolucent.nn.image_methods import Fitting
from sonolucent.nn.shipped_models import find_model
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.despeckle_options import DespecklingSuite
from sonolucent.stream.offline.evaluation import phantom_report
from sonolucent.stream.offline.evaluation_manifest import Manifest, load_manifest
from sonolucent.stream.offline.evaluation_output import require_data_of, require_new_evaluation
from sonolucent.stream.offline.evaluation_real import add_real_images
from sonolucent.stream.offline.evaluation_report import EvaluationReport, figure_table, write_json, write_pictures
from sonolucent.stream.offline.fit_device import fit_device

_SIMULATED = {
    "homogeneity": "homogeneity",
    "cnr": "CNR",
    "gcnr": "gCNR",
    "ssim": "SSIM",
    "error_db": "error dB",
    "edge_rise_mm": "edge mm",
    "wire_width_mm": "wire mm",
    "anatomy_homogeneity": "homogeneity, anatomies",
    "anatomy_ssim": "SSIM, anatomies",
    "structure_correlation": "correlation",
    "structure_slope": "slope",
    "anatomy_edge_mm": "edge mm, anatomies",
}
_IN_VIVO = {"homogeneity": "homogeneity", "cnr": "CNR", "gcnr": "gCNR", "tissue_std_db": "tissue std dB"}
_SUITE = DespecklingSuite()


class DespecklingReport(msgspec.Struct, frozen=True):
    """What the suite found: the options, the models, and figures by method as in an `EvaluationReport`."""

    options: DespecklingSuite
    models: list[str]
    figures: EvaluationReport


def evaluate_despeckling(
    models: Sequence[Path],
    out: Path,
    options: DespecklingSuite = _SUITE,
    *,
    overwrite: bool = False,
    data: Path | None = None,
    manifest: Path | None = None,
    grain: str = "auto",
    progress: EvaluationProgress = lambda what: None,
) -> DespecklingReport:
    """Compares despeckling of single images on held-out simulated phantoms, and on pictures of a folder.

    Args:
        models: model folders, beside the methods of the options.
        out: the folder for report.md, report.json and pictures; made when it is missing.
        options: what is compared, and how much methods may learn.
        overwrite: whether it may replace an evaluation that is there.
        data: a folder of pictures.
        manifest: says which pictures there are; `evaluation.toml` there by default.
        grain: of the images' speckle, as `sonolucent.nn.Enhancer` takes it.
        progress: told what is under way.

    Raises:
        ConfigError: an option cannot be used, or pictures are not as the manifest says.
        OutputError: the folder holds an evaluation, and must not be overwritten.
    """
    require_new_evaluation(out, data, overwrite=overwrite)
    _require_sense(options)
    require_data_of(manifest, data)
    real = None if data is None else (data, _some(load_manifest(data, manifest), options.in_vivo))
    fitting = Fitting(options.budget, options.steps, options.seed, fit_device(options.device))
    scanner = PhantomScanner(CONDITIONS["reference"])
    learn_from = partial(simulated_images, options.learn_from, scanner, progress)
    counts = PhantomCounts(options.cysts, 0, 0, 0, options.anatomies)
    try:
        compared = despeckling_methods(
            options.methods, [find_model(model) for model in models], fitting, learn_from, grain=grain
        )
        results = evaluate_simulated(compared, scanner, counts, progress)
        figures = phantom_report("reference", CONDITIONS["reference"], counts, compared, results)
        out.mkdir(parents=True, exist_ok=True)
        if real is not None:
            add_real_images(*real, out, compared, figures, progress)
    except ValueError as error:
        raise ConfigError(str(error)) from error
    aspect = scanner.grid.dz_m / scanner.grid.dx_m
    for name, images in {"cysts": results.pictures, **results.anatomies}.items():
        figures.pictures.append(f"{name}.png")
        write_pictures(out / f"{name}.png", images, DYNAMIC_RANGE_DB, aspect)
    report = DespecklingReport(options, [str(model) for model in models], figures)
    write_json(out / "report.json", report)
    (out / "report.md").write_text("\n\n".join(_sections(report)) + "\n", encoding="utf-8")
    return report


def _require_sense(options: DespecklingSuite) -> None:
    known = despeckling_names()
    for word in options.methods:
        if word not in known:
            raise ConfigError(f"despeckle.methods: {word} is none of {', '.join(known)}; model folders come before it")
    least = {"cysts": (1, len(HELD_OUT)), "anatomies": (0, len(HELD_OUT)), "learn_from": (1, len(TRAINING))}
    for name, (fewest, most) in least.items():
        if not fewest <= getattr(options, name) <= most:
            raise ConfigError(f"despeckle.{name} must be {fewest} to {most}, not {getattr(options, name)}")
    if options.in_vivo is not None and options.in_vivo < 0:
        raise ConfigError(f"despeckle.in_vivo must be at least 0, not {options.in_vivo}")
    if options.steps is not None and options.steps < 1:
        raise ConfigError(f"despeckle.steps must be at least 1, not {options.steps}")
    if options.budget is not None and not options.budget > 0:
        raise ConfigError(f"despeckle.budget must be positive, not {options.budget:g} s")


def _some(manifest: Manifest, n: int | None) -> Manifest:
    """Its pictures alone, the first n of each kind."""
    return msgspec.structs.replace(
        manifest, captures=(), vessels=manifest.vessels[:n], published=manifest.published[:n]
    )


def _sections(report: DespecklingReport) -> list[str]:
    figures, options = report.figures, report.options
    learnt = "their own number of steps" if options.steps is None else f"{options.steps} steps"
    if options.budget is not None:
        learnt += f", {options.budget:g} s at most"
    first, last = figures.held_out_seeds
    sections = [
        "# Despeckling of single images",
        f"{options.cysts} phantoms of cysts, {options.anatomies} anatomies (seeds {first}..{last}, never trained on or "
        f"chosen by). Methods that learn did so for {learnt}. ± is the standard error over images. "
        f"Times: {figures.machine}; those of methods that learn from each image include it.",
        *(f"![{Path(name).stem}: truth where it is known, then every method]({name})" for name in figures.pictures),
        "## Simulated",
        figure_table(figures.simulated, _SIMULATED, figures.milliseconds),
    ]
    for title, of_real in (("In vivo", figures.in_vivo), ("Frames with published outputs", figures.published)):
        sections += [f"## {title}", figure_table(of_real, _IN_VIVO)] if of_real else []
    return sections
