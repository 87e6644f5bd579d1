"""Trains the networks that the package ships, on simulated tissue alone, and measures them on phantoms held out.

    python examples/shipped_models.py models

About an hour on two cores. A model folder that is there is kept, and only measured. One command makes each, such as
`sonolucent train sim:56 anatomy:40 --steps 5200 --out light-quadrant`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import tyro

from sonolucent.nn import CurvePoint, evaluate, load_model, save_model
from sonolucent.stream import EvaluationReport, evaluate_models, train_model

TRAININGS: dict[str, dict[str, Any]] = {
    "light-quadrant": {"sources": ["sim:56", "anatomy:40"], "steps": 5200},
    "full-quadrant": {"sources": ["sim:56", "anatomy:40"], "net": "full", "steps": 3000},
    "light-paper": {"sources": ["sim:56"], "recipe": "paper"},
}
MANIFEST = Path(__file__).parents[1] / "tests" / "data" / "evaluation.toml"
FIGURES = (
    "anatomy_error_db",
    "structure_slope",
    "dots",
    "cnr",
    "gcnr",
    "speckle_std_db",
    "edge_rise_mm",
    "wire_width_mm",
    "wire_peak_db",
    "error_db",
)


def main(out: tyro.conf.Positional[Path], data: Path | None = None, manifest: Path = MANIFEST) -> None:
    """Trains what is missing, evaluates all, and writes the figures into each `model.json`.

    Args:
        out: the folder of the model folders, and of the evaluation.
        data: a folder of real images to evaluate on as well.
        manifest: what is in that folder, see docs/how-to/evaluate.md.
    """
    for name, options in TRAININGS.items():
        if not (out / name / "model.json").exists():
            train_model(out=out / name, beamformed=print, progress=print_point, **options)
    report = evaluate_models(
        [out / name for name in TRAININGS],
        out / "evaluation",
        counts=evaluate.PhantomCounts(uniform=50),
        data=data,
        manifest=None if data is None else manifest,
        progress=print,
    )
    for name in TRAININGS:
        write_measured(out / name, report)


def print_point(step: int, steps: int, curve: list[CurvePoint]) -> None:
    """At each point of a training's curve."""
    if curve and curve[-1].step == step:
        print(f"step {step} of {steps}: loss {curve[-1].loss:.2f} dB, validation error {curve[-1].error_db:.3f} dB")


def write_measured(folder: Path, report: EvaluationReport) -> None:
    """Adds the figures of the plain and the enhanced image to what `model.json` says."""
    model = load_model(folder)
    measured = dict(model.info.measured) | {f"held_out_{name}": float(n) for name, n in report.phantoms.items()}
    for figure in FIGURES:
        for label, method in (("plain", "plain"), ("enhanced", model.id)):
            measured[f"{figure}_{label}"] = round(report.simulated[method][figure].mean, 3)
    save_model(folder, model.network, msgspec.structs.replace(model.info, measured=measured))


if __name__ == "__main__":
    tyro.cli(main)
