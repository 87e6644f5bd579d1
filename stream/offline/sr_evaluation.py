"""The suite of super-resolution: images to get back, and what came of it as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.nn.evaluate import CONDITIONS, HELD_OUT, TRAINING, PhantomScanner
from sonolucent.nn.evaluate.super_resolution_suite import (
    Cell,
    Spread,
    SuiteProgress,
    SuiteResults,
    Truth,
    evaluate_super_resolution,
)
from sonolucent.nn.image_methods import OFFLINE_METHODS, RANGE_DB, FitError, Fitting
from sonolucent.nn.images import BMode, normalized
from sonolucent.nn.super_resolution.degradations import DEGRADATIONS
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.evaluation_data import read_bmode
from sonolucent.stream.offline.evaluation_manifest import load_manifest
from sonolucent.stream.offline.evaluation_output import require_data_of, require_new_evaluation
from sonolucent.stream.offline.evaluation_report import markdown_table, write_pictures
from sonolucent.stream.offline.fit_device import fit_device
from sonolucent.stream.offline.sr_options import SuperResolutionSuite

SIMULATED, IN_VIVO = "simulated", "in vivo"
_SCALES = (2, 4)
_LEARNT_FROM = 6
_UNKNOWN_LPIPS = "LPIPS is left out: --sr.lpips FILE brings the weights of AlexNet and of its lines."


class SuiteRow(msgspec.Struct, frozen=True):
    """A cell of the table, and its figures by name."""

    source: str
    scale: int
    degradation: str
    method: str
    figures: dict[str, Spread]


class SuiteReport(msgspec.Struct, frozen=True):
    """All that the suite found: the options, the images, a row a cell, methods left out and why, picture files."""

    options: SuperResolutionSuite
    images: dict[str, list[str]]
    rows: list[SuiteRow]
    left_out: dict[str, str]
    pictures: list[str]


_SUITE = SuperResolutionSuite()


def evaluate_sr(
    out: Path,
    options: SuperResolutionSuite = _SUITE,
    *,
    overwrite: bool = False,
    data: Path | None = None,
    manifest: Path | None = None,
    progress: SuiteProgress = lambda what: None,
) -> SuiteReport:
    """Compares super-resolution methods on held-out simulated B-mode images, and on pictures of a folder.

    Args:
        out: the folder for report.md, report.json and pictures; made when it is missing.
        options: what is compared, and how much methods may learn.
        overwrite: whether it may replace an evaluation that is there.
        data: a folder of pictures.
        manifest: says which pictures there are; `evaluation.toml` there by default.
        progress: told what is under way.

    Raises:
        ConfigError: an option cannot be used, or pictures are not as the manifest says.
        OutputError: the folder holds an evaluation, and must not be overwritten.
    """
    require_new_evaluation(out, data, overwrite=overwrite)
    _require_sense(options)
    require_data_of(manifest, data)
    truths = [*_simulated(options, progress), *([] if data is None else _in_vivo(data, manifest, options))]
    if not truths:
        raise ConfigError("there is no image to evaluate on; give simulated, or data")
    fitting = Fitting(options.budget, options.steps, options.seed, fit_device(options.device), perceptual=options.vgg)
    out.mkdir(parents=True, exist_ok=True)
    try:
        results = evaluate_super_resolution(
            truths,
            options.methods,
            scales=options.scales,
            degradations=options.degradations,
            fitting=fitting,
            learn_from=_learn_from(options),
            lpips=options.lpips,
            progress=progress,
        )
    except FitError as error:
        raise ConfigError(str(error)) from error
    return _written(out, options, truths, results)


def _require_sense(options: SuperResolutionSuite) -> None:
    larger = tuple(name for name, method in OFFLINE_METHODS.items() if max(method.scales) > 1)
    known = {"methods": larger, "degradations": tuple(DEGRADATIONS), "scales": _SCALES}
    for name, possible in known.items():
        wanted: tuple[object, ...] = getattr(options, name)
        for word in wanted:
            if word not in possible:
                raise ConfigError(f"sr.{name}: {word} is none of {', '.join(map(str, possible))}")
        if not wanted:
            raise ConfigError(f"sr.{name}: give one at least, of {', '.join(map(str, possible))}")
    if not 0 <= options.simulated <= len(HELD_OUT):
        raise ConfigError(f"sr.simulated must be 0 to {len(HELD_OUT)}, not {options.simulated}")
    if options.crop is not None and options.crop < 64:
        raise ConfigError(f"sr.crop must be at least 64 pixels, not {options.crop}")
    if options.steps is not None and options.steps < 1:
        raise ConfigError(f"sr.steps must be at least 1, not {options.steps}")
    if options.budget is not None and not options.budget > 0:
        raise ConfigError(f"sr.budget must be positive, not {options.budget:g} s")


def _simulated(options: SuperResolutionSuite, progress: SuiteProgress) -> Iterator[Truth]:
    scanner = PhantomScanner(CONDITIONS["reference"]) if options.simulated else None
    for seed in HELD_OUT[: options.simulated]:
        progress(f"anatomy {seed}")
        assert scanner is not None
        yield Truth(f"anatomy-{seed}", SIMULATED, _middle(scanner.scene("anatomy", seed).plain_db, options.crop))


def _in_vivo(folder: Path, path: Path | None, options: SuperResolutionSuite) -> Iterator[Truth]:
    manifest = load_manifest(folder, path)
    names = [*(vessel.file for vessel in manifest.vessels), *(frame.input for frame in manifest.published)]
    for name in names[: options.in_vivo]:
        yield Truth(Path(name).stem, IN_VIVO, _middle(read_bmode(folder / name, RANGE_DB), options.crop))


def _middle(image_db: BMode, crop: int | None) -> NDArray[np.float32]:
    """The middle of an image as grey 0..1, of sizes that every scale divides."""
    sizes = [min(n, crop or n) // max(_SCALES) * max(_SCALES) for n in image_db.shape]
    corner = [(n - size) // 2 for n, size in zip(image_db.shape, sizes, strict=True)]
    cut = image_db[corner[0] : corner[0] + sizes[0], corner[1] : corner[1] + sizes[1]]
    return np.asarray(normalized(cut, RANGE_DB), np.float32)


def _learn_from(options: SuperResolutionSuite) -> list[BMode]:
    """Simulated anatomies of the training seeds, where a method learns from others."""
    if "mwcnn" not in options.methods:
        return []
    scanner = PhantomScanner(CONDITIONS["reference"])
    return [scanner.scene("anatomy", seed).plain_db for seed in TRAINING[:_LEARNT_FROM]]


def _written(out: Path, options: SuperResolutionSuite, truths: Sequence[Truth], results: SuiteResults) -> SuiteReport:
    pictures = []
    for (source, scale, degradation), shown in results.pictures.items():
        pictures.append(f"{source.replace(' ', '-')}-x{scale}-{degradation}.png")
        write_pictures(out / pictures[-1], shown, RANGE_DB, 1.0)
    images = {source: [truth.name for truth in truths if truth.source == source] for source in (SIMULATED, IN_VIVO)}
    rows = [SuiteRow(*cell, figures) for cell, figures in results.figures.items()]
    report = SuiteReport(options, images, rows, results.left_out, pictures)
    (out / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    (out / "report.md").write_text("\n\n".join(_sections(report, results)) + "\n", encoding="utf-8")
    return report


def _sections(report: SuiteReport, results: SuiteResults) -> list[str]:
    options = report.options
    learnt = "as published" if options.steps is None else f"{options.steps} steps a part"
    if options.budget is not None:
        learnt += f", {options.budget:g} s at most"
    ways = "; ".join(f"{name}: {DEGRADATIONS[name].summary}" for name in options.degradations)
    counted = ", ".join(f"{len(names)} {source}" for source, names in report.images.items() if names)
    sections = [
        "# Super-resolution",
        f"Images: {counted}. Made small by {ways}. Methods learn {learnt}. Grey of 256 levels; ± is the variance over "
        "images, as in the published tables.",
        *([] if options.lpips else [_UNKNOWN_LPIPS]),
    ]
    sections += [f"{name} is left out: {why}" for name, why in report.left_out.items()]
    for source in report.images:
        for scale in options.scales:
            cells = {cell: figures for cell, figures in results.figures.items() if cell[:2] == (source, scale)}
            if cells:
                sections += [f"## {source.capitalize()}, x{scale}", _table(options, cells)]
    return [*sections, *(f"![{name}: truth, then every method]({name})" for name in report.pictures)]


def _table(options: SuperResolutionSuite, cells: dict[Cell, dict[str, Spread]]) -> str:
    shown = {"psnr_db": "PSNR", "ssim": "SSIM", "lpips": "LPIPS", "alex_mcgill": "LPIPS of 0..255", "seconds": "s"}
    held = [figure for figure in shown if any(figure in figures for figures in cells.values())]
    headings = ["method", *(f"{way} {shown[figure]}" for way in options.degradations for figure in held)]
    (source, scale), rows = next(iter(cells))[:2], []
    for method in options.methods:
        found = [cells.get(Cell(source, scale, way, method), {}) for way in options.degradations]
        rows.append([method, *(_told(figures, figure) for figures in found for figure in held)])
    return markdown_table(headings, rows)


def _told(figures: dict[str, Spread], figure: str) -> str:
    if figure not in figures:
        return ""
    return f"{figures[figure].mean:.1f}" if figure == "seconds" else str(figures[figure])
