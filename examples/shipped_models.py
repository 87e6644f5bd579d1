"""Trains the networks that the package ships, on simulated tissue alone, and measures them on phantoms held out.

    python examples/shipped_models.py models

Some three quarters of an hour on two cores. A model folder that is there is kept, and only measured. One command makes
each, such as `sonolucent train sim:56 --steps 2600 --out light-quadrant`.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import tyro

from sonolucent.nn.model_folder import load_model, save_model
from sonolucent.stream.commands.main import main as sonolucent
from sonolucent.stream.offline.evaluation_report import EvaluationReport

TRAININGS = {
    "light-quadrant": ["sim:56", "--steps", "2600"],
    "full-quadrant": ["sim:56", "--net", "full", "--steps", "1800"],
    "light-paper": ["sim:56", "--recipe", "paper"],
}
MANIFEST = Path(__file__).parents[1] / "tests" / "data" / "evaluation.toml"
FIGURES = ("cnr", "gcnr", "speckle_std_db", "edge_rise_mm", "wire_width_mm", "wire_peak_db", "error_db")


def main(out: tyro.conf.Positional[Path], data: Path | None = None, manifest: Path = MANIFEST) -> None:
    """Trains what is missing, evaluates all, and writes the figures into each `model.json`.

    Args:
        out: the folder of the model folders, and of the evaluation.
        data: a folder of real images to evaluate on as well, see `sonolucent evaluate --help`.
        manifest: what is in that folder.
    """
    for name, options in TRAININGS.items():
        if not (out / name / "model.json").exists():
            _run("train", *options, "--out", out / name)
    real = [] if data is None else ["--data", data, "--manifest", manifest]
    _run("evaluate", *(out / name for name in TRAININGS), "--out", out / "evaluation", "--uniform", 50, *real)
    report = msgspec.json.decode((out / "evaluation" / "report.json").read_bytes(), type=EvaluationReport)
    for name in TRAININGS:
        write_measured(out / name, report)


def write_measured(folder: Path, report: EvaluationReport) -> None:
    """Adds the figures of the plain and the enhanced image to what `model.json` says."""
    model = load_model(folder)
    measured = dict(model.info.measured) | {f"held_out_{name}": float(n) for name, n in report.phantoms.items()}
    for figure in FIGURES:
        for label, method in (("plain", "plain"), ("enhanced", model.id)):
            measured[f"{figure}_{label}"] = round(report.simulated[method][figure].mean, 3)
    save_model(folder, model.network, msgspec.structs.replace(model.info, measured=measured))


def _run(*arguments: object) -> None:
    status = sonolucent([str(argument) for argument in arguments])
    if status != 0:
        raise SystemExit(status)


if __name__ == "__main__":
    tyro.cli(main)
