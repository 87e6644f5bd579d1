"""Every method on real images, about which nobody knows the truth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sonolucent.nn import metrics
from sonolucent.nn.evaluate.estimates import estimates, of_values
from sonolucent.nn.evaluate.methods import Method
from sonolucent.nn.evaluate.real import reflector_figures, vessel_figures
from sonolucent.nn.evaluate.simulated import Progress
from sonolucent.stream.offline import evaluation_data as real
from sonolucent.stream.offline.evaluation_report import Report, write_pictures


def add_real_images(data: Path, out: Path, compared: Sequence[Method], report: Report, progress: Progress) -> None:
    """Adds the figures of real images to the report, and their pictures to `out`.

    Raises:
        ConfigError: the folder lacks one of the kinds, or a file cannot be read.
    """
    _captures(data, out, compared, report, progress)
    on_b_mode = [method for method in compared if not method.needs_phase]
    _vessels(data, out, on_b_mode, report, progress)
    _published(data, on_b_mode, report)


def _captures(data: Path, out: Path, compared: Sequence[Method], report: Report, progress: Progress) -> None:
    for capture in real.captures(data):
        progress(capture.name)
        images = {method.name: method.apply(capture.view) for method in compared}
        if capture.name in real.REFLECTORS_M:
            at_m = real.REFLECTORS_M[capture.name]
            report.captures[capture.name] = {
                method: estimates([reflector_figures(image, capture.grid, at_m)]) for method, image in images.items()
            }
        aspect = capture.grid.dz_m / capture.grid.dx_m
        write_pictures(out / f"{Path(capture.name).stem}.png", images, real.RANGE_DB, aspect)


def _vessels(data: Path, out: Path, on_b_mode: Sequence[Method], report: Report, progress: Progress) -> None:
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for frame in real.vessel_frames(data):
        progress(frame.name)
        images = {method.name: method.apply(frame.view) for method in on_b_mode}
        for method, image in images.items():
            rows[method].append(vessel_figures(image, frame.lumen, frame.tissue))
        write_pictures(out / f"{Path(frame.name).stem}.png", images, real.RANGE_DB, 1.0)
    report.in_vivo.update({method: estimates(of_method) for method, of_method in rows.items()})


def _published(data: Path, on_b_mode: Sequence[Method], report: Report) -> None:
    rows: dict[str, list[float]] = defaultdict(list)
    for view, published in real.published_frames(data):
        images = {method.name: method.apply(view) for method in on_b_mode} | published
        for method, image in images.items():
            rows[method].append(metrics.homogeneity(image, dynamic_range_db=real.RANGE_DB))
    report.published.update({method: {"homogeneity": of_values(values)} for method, values in rows.items()})
