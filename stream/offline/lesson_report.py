"""What a training of images leaves beside the model: its facts, and examples for the eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sonolucent.nn.image_methods import RANGE_DB
from sonolucent.nn.images import BMode
from sonolucent.nn.metrics import homogeneity
from sonolucent.nn.model_folder import ModelInfo
from sonolucent.stream.offline.evaluation_report import write_pictures

_EXAMPLES = 3


@dataclass(frozen=True)
class Compared:
    """One image by several methods, (n_z, n_x) each, in dB; its name."""

    name: str
    images_db: dict[str, BMode]


def mean_homogeneity(judged: Sequence[Compared]) -> dict[str, float]:
    """Of every method's images."""
    return {
        name: float(np.mean([homogeneity(of.images_db[name], dynamic_range_db=RANGE_DB) for of in judged]))
        for name in judged[0].images_db
    }


def write_compared(
    folder: Path, info: ModelInfo, facts: dict[str, str], judged: Sequence[Compared], *, held_out: bool
) -> None:
    """Writes report.md and examples into `folder`, which is made if it is missing.

    Args:
        info: what `model.json` says.
        facts: more lines of the report, by their names.
        judged: images by several methods; the first three become examples.
        held_out: whether the images were.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "data": info.training.data,
        "recipe": info.training.recipe,
        **({"teacher": info.training.teacher} if info.training.teacher else {}),
        "network": info.kind,
        "steps": str(info.training.steps),
        "seed": str(info.training.seed),
        **facts,
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in lines.items())
    sections = [f"# {info.name}", f"| | |\n|---|---|\n{table}"]
    sections.append(f"On images that were {'held out' if held_out else 'learnt from, as there were too few subjects'}:")
    for i, of in enumerate(judged[:_EXAMPLES]):
        write_pictures(folder / f"example-{i + 1}.png", of.images_db, RANGE_DB, _aspect(info))
        sections.append(f"![{of.name}: {', '.join(of.images_db)}](example-{i + 1}.png)")
    (folder / "report.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _aspect(info: ModelInfo) -> float:
    """A row's height over a column's width; 1 where nobody knows."""
    return 1.0 if info.trained_on is None else info.trained_on.dz_m / info.trained_on.dx_m
