"""An evaluation as files: figures in Markdown and JSON, images side by side in PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.bmode import to_grey
from sonolucent.nn.evaluate import Estimate

Figures = Mapping[str, Mapping[str, Estimate]]
_LABEL_PX, _GAP_PX = 14, 4

# Figure, heading; what a table leaves out is in the JSON.
ANATOMY = {
    "anatomy_error_db": "error dB",
    "structure_correlation": "correlation",
    "structure_slope": "slope",
    "anatomy_edge_mm": "edge mm",
    "dots": "dots",
    "pits": "pits",
    "dead_zone_blobs": "dead-zone blobs",
}
QUALITY = {
    "cnr": "CNR",
    "cnr_as_printed": "CNR as printed",
    "gcnr": "gCNR",
    "gcnr_low_contrast": "gCNR, ±3 and ±6 dB",
    "speckle_std_db": "speckle std dB",
    "edge_rise_mm": "edge mm",
    "wire_width_mm": "wire mm",
    "wires_lost": "wires lost",
    "wire_peak_db": "wire peak dB",
    "error_db": "error dB",
    "ssim": "SSIM",
    "tissue_error_db": "error dB, tissue",
    "tissue_ssim": "SSIM, tissue",
    "homogeneity": "homogeneity",
    "false_structures": "false structures",
    "false_structures_of_4_db": "of 4 dB",
    "flicker_db": "flicker dB",
}


class EvaluationReport(msgspec.Struct, kw_only=True):
    """Everything an evaluation found. `simulated`, `in_vivo`, `published` and `captures` are figures by method;
    `pictures` are files beside the report, anatomies first. `workers` of an `engine` did the phantoms; where that is
    "none", the process that asked for them did."""

    condition: str
    what: str
    phantoms: dict[str, int]
    held_out_seeds: tuple[int, int]
    machine: str
    megabytes: dict[str, float]
    milliseconds: dict[str, float]
    simulated: dict[str, dict[str, Estimate]]
    engine: str = "none"
    workers: int = 1
    in_vivo: dict[str, dict[str, Estimate]] = {}
    published: dict[str, dict[str, Estimate]] = {}
    captures: dict[str, dict[str, dict[str, Estimate]]] = {}
    pictures: list[str] = []


def write_json(path: Path, report: msgspec.Struct) -> None:
    """The whole report."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def write_markdown(path: Path, report: EvaluationReport) -> None:
    """The report as tables."""
    path.write_text("\n\n".join(_sections(report)) + "\n", encoding="utf-8")


def _sections(report: EvaluationReport) -> list[str]:
    counted = ", ".join(f"{n} {name}" for name, n in report.phantoms.items())
    first, last = report.held_out_seeds
    sections = [
        f"# Evaluation: {report.condition}",
        f"{report.what}. Phantoms (seeds {first}..{last}, never trained on or chosen by): {counted}. "
        f"± is the standard error over phantoms. Times: {report.machine}{_timed_how(report)}.",
        *(f"![{Path(name).stem}: truth where it is known, then every method]({name})" for name in report.pictures),
        *_titled("Anatomies", report, ANATOMY),
        *_titled("Pictures as anatomies", report, {f"picture_{name}": heading for name, heading in ANATOMY.items()}),
        "## Cysts, tissue and uniform phantoms",
        _cost_and(report, QUALITY),
        "Shown less nominal contrast, dB:",
        _table(report.simulated, _contrasts(report.simulated)),
    ]
    real = {
        "Carotid, in vivo": report.in_vivo,
        "Frames with published outputs": report.published,
        **{f"Capture {name}": figures for name, figures in report.captures.items()},
    }
    for title, figures in real.items():
        names = {figure: figure.replace("_", " ") for figure in _names(figures)}
        sections += [f"## {title}", _table(figures, names)] if figures else []
    return sections


def _timed_how(report: EvaluationReport) -> str:
    if report.engine == "none":
        return ""
    return (
        f"; those under a second were taken alone, others while {report.workers} worker(s) of the engine "
        f"{report.engine} were at work"
    )


def _titled(title: str, report: EvaluationReport, figures_shown: Mapping[str, str]) -> list[str]:
    """A table under its title, where there is any of its figures."""
    return (
        [f"## {title}", _cost_and(report, figures_shown)] if set(figures_shown) & set(_names(report.simulated)) else []
    )


def _cost_and(report: EvaluationReport, figures_shown: Mapping[str, str]) -> str:
    shown = {name: heading for name, heading in figures_shown.items() if name in _names(report.simulated)}
    rows = [
        [name, f"{report.megabytes[name]:.2f}", f"{report.milliseconds[name]:.0f}", *_cells(figures, shown)]
        for name, figures in report.simulated.items()
    ]
    return markdown_table(["method", "MB", "ms", *shown.values()], rows)


def _table(figures: Figures, shown: Mapping[str, str]) -> str:
    return markdown_table(["method", *shown.values()], [[name, *_cells(row, shown)] for name, row in figures.items()])


def _cells(figures: Mapping[str, Estimate], shown: Mapping[str, str]) -> list[str]:
    return [str(figures[name]) if name in figures else "" for name in shown]


def figure_table(figures: Figures, shown: Mapping[str, str], milliseconds: Mapping[str, float] | None = None) -> str:
    """A table of some figures under their headings, as far as any method has them; with times where they are given."""
    names = {name: heading for name, heading in shown.items() if name in _names(figures)}
    if milliseconds is None:
        return _table(figures, names)
    rows = [[name, f"{milliseconds[name]:.0f}", *_cells(row, names)] for name, row in figures.items()]
    return markdown_table(["method", "ms", *names.values()], rows)


def _contrasts(figures: Figures) -> dict[str, str]:
    """Figures of contrast fidelity with their nominal contrast, rising."""
    nominal = {name: name.split("_")[3] for name in _names(figures) if name.startswith("contrast_error_at_")}
    return dict(sorted(nominal.items(), key=lambda item: float(item[1])))


def _names(figures: Figures) -> list[str]:
    return list(dict.fromkeys(name for row in figures.values() for name in row))


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write_pictures(path: Path, images_db: Mapping[str, NDArray[Any]], range_db: float, aspect: float) -> None:
    """dB images (n_z, n_x) side by side under their names; `aspect` is a row's height over a column's width."""
    from PIL import Image, ImageDraw

    tiles = []
    for name, image_db in images_db.items():
        grey = Image.fromarray(to_grey(np.asarray(image_db, np.float32), range_db))
        size = image_db.shape[1], max(1, round(image_db.shape[0] * aspect))
        tile = Image.new("L", (size[0] + _GAP_PX, size[1] + _LABEL_PX))
        tile.paste(grey.resize(size, Image.Resampling.BICUBIC), (0, _LABEL_PX))
        ImageDraw.Draw(tile).text((2, 1), name, fill=255)
        tiles.append(np.asarray(tile))
    columns = min(len(tiles), 4)
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    Image.fromarray(np.vstack(rows)).save(path)
