"""Every method on real images, about which nobody knows the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from sonolucent.beamform import ImagingSettings
from sonolucent.nn import metrics
from sonolucent.nn.evaluate import DYNAMIC_RANGE_DB, ComparedMethod, estimates, reflector_figures, vessel_figures
from sonolucent.nn.evaluate.estimates import of_values
from sonolucent.nn.evaluate.held_out import EvaluationProgress
from sonolucent.stream.offline import evaluation_data
from sonolucent.stream.offline.evaluation_data import CaptureImage
from sonolucent.stream.offline.evaluation_manifest import Manifest
from sonolucent.stream.offline.evaluation_report import EvaluationReport, write_pictures

_IMAGING = ImagingSettings(dynamic_range_db=DYNAMIC_RANGE_DB)


def add_real_images(
    data: Path,
    manifest: Manifest,
    out: Path,
    compared: Sequence[ComparedMethod],
    report: EvaluationReport,
    progress: EvaluationProgress,
    imaging: ImagingSettings = _IMAGING,
) -> None:
    """Adds the figures of the manifest's images, which lie in `data`, to the report, and their pictures to `out`.

    Raises:
        RecordingError: a capture cannot be read.
        ConfigError: a picture cannot be read, or is smaller than the manifest says.
    """
    captures = evaluation_data.captures(data, manifest, imaging)
    _add_captures(captures, out, compared, report, progress)
    on_b_mode = [method for method in compared if not method.needs_phase]
    _add_vessels(data, manifest, out, on_b_mode, report, progress)
    _add_published(data, manifest, on_b_mode, report)


def _add_captures(
    captures: Iterable[CaptureImage],
    out: Path,
    compared: Sequence[ComparedMethod],
    report: EvaluationReport,
    progress: EvaluationProgress,
) -> None:
    for capture in captures:
        progress(capture.name)
        images = {method.name: method.apply(capture.view) for method in compared}
        if capture.reflector_m is not None:
            report.captures[capture.name] = {
                method: estimates([reflector_figures(image, capture.grid, capture.reflector_m)])
                for method, image in images.items()
            }
        aspect = capture.grid.dz_m / capture.grid.dx_m
        report.pictures.append(f"{Path(capture.name).stem}.png")
        write_pictures(out / report.pictures[-1], images, DYNAMIC_RANGE_DB, aspect)


def _add_vessels(
    data: Path,
    manifest: Manifest,
    out: Path,
    on_b_mode: Sequence[ComparedMethod],
    report: EvaluationReport,
    progress: EvaluationProgress,
) -> None:
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for vessel in evaluation_data.vessels(data, manifest):
        progress(vessel.name)
        images = {method.name: method.apply(vessel.view) for method in on_b_mode}
        for method, image in images.items():
            rows[method].append(vessel_figures(image, vessel.lumen, vessel.tissue))
        report.pictures.append(f"{Path(vessel.name).stem}.png")
        write_pictures(out / report.pictures[-1], images, manifest.dynamic_range_db, 1.0)
    report.in_vivo.update({method: estimates(of_method) for method, of_method in rows.items()})


def _add_published(
    data: Path, manifest: Manifest, on_b_mode: Sequence[ComparedMethod], report: EvaluationReport
) -> None:
    rows: dict[str, list[float]] = defaultdict(list)
    for view, published in evaluation_data.published(data, manifest):
        images = {method.name: method.apply(view) for method in on_b_mode} | published
        for method, image in images.items():
            rows[method].append(metrics.homogeneity(image, dynamic_range_db=manifest.dynamic_range_db))
    report.published.update({method: {"homogeneity": of_values(values)} for method, values in rows.items()})
