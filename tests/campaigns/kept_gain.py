"""How much of a teacher's gain over the plain image its student keeps, and how well that is known.

    python tests/campaigns/kept_gain.py TEACHER STUDENT [--anatomies N] [--cysts N] [--data FOLDER --manifest FILE]

A share is the mean gain of the student over that of the teacher; ± is its standard error over images (jackknife), and
beside it stands the teacher's gain with its own. A share of a gain that is not several times its error says nothing.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn import metrics
from sonolucent.nn.evaluate import CONDITIONS, DYNAMIC_RANGE_DB, PhantomCounts, PhantomScanner, vessel_figures
from sonolucent.nn.evaluate.methods import compared_network, nothing
from sonolucent.nn.evaluate.phantom_tasks import measured, phantom_tasks
from sonolucent.nn.speckle_grain import measure_grain
from sonolucent.stream.offline import evaluation_data
from sonolucent.stream.offline.evaluation_manifest import load_manifest

SHOWN = {
    "homogeneity": "cysts: homogeneity",
    "cnr": "cysts: CNR",
    "anatomy_homogeneity": "anatomies: homogeneity",
    "vessel_homogeneity": "vessels: homogeneity",
    "vessel_cnr": "vessels: CNR",
    "frame_homogeneity": "frames: homogeneity",
}
Row = dict[str, tuple[float, ...]]
"""Of one image: figures by name, each of plain, teacher and student."""


def main() -> None:
    options = _options()
    methods = [nothing(), *(compared_network(folder, "auto") for folder in (options.teacher, options.student))]
    names = [method.name for method in methods]
    values: dict[str, list[tuple[float, ...]]] = defaultdict(list)

    def take(row: Row) -> None:
        for name, figures in row.items():
            values[name].append(figures)

    scanner = PhantomScanner(CONDITIONS["reference"])
    tasks = phantom_tasks(PhantomCounts(options.cysts, 0, 0, 0, options.anatomies))
    grain = measure_grain(scanner.scene(tasks[0].phantom, tasks[0].seed).plain_db, DYNAMIC_RANGE_DB) if tasks else None
    for task in tasks:
        rows = measured(task, methods, scanner, grain).rows
        take({name: tuple(rows[of][name] for of in names) for name in SHOWN if name in rows[names[0]]})
    if options.data:
        for row in _real(options.data, options.manifest, methods):
            take(row)
    for name, told in SHOWN.items():
        if values[name]:
            print(f"{told}: {_told(np.array(values[name]))}")


def _real(data: Path, manifest_file: Path | None, methods: list) -> Iterator[Row]:
    manifest = load_manifest(data, manifest_file)
    for vessel in evaluation_data.vessels(data, manifest):
        figures = [vessel_figures(method.apply(vessel.view), vessel.lumen, vessel.tissue) for method in methods]
        yield {f"vessel_{name}": tuple(of[name] for of in figures) for name in ("homogeneity", "cnr")}
    for seen, _ in evaluation_data.published(data, manifest):
        shown = (metrics.homogeneity(method.apply(seen), dynamic_range_db=DYNAMIC_RANGE_DB) for method in methods)
        yield {"frame_homogeneity": tuple(shown)}


def _told(values: NDArray[np.float64]) -> str:
    plain, teacher, student = values.mean(0)
    gain, kept = values[:, 1] - values[:, 0], values[:, 2] - values[:, 0]
    means = f"plain {plain:.3f}, teacher {teacher:.3f}, student {student:.3f}"
    each = " ".join(f"{100 * share:.0f}" for share in kept / gain)
    if len(values) < 2:
        return f"{means}; kept {each} %"
    known = f"the teacher gains {gain.mean():.3f} ± {gain.std(ddof=1) / len(values) ** 0.5:.3f}"
    return f"{means}; {known}; kept {100 * _share(values):.0f} ± {100 * _jackknifed(values):.0f} %: {each}"


def _share(values: NDArray[np.float64]) -> float:
    plain, teacher, student = values.mean(0)
    return float((student - plain) / (teacher - plain))


def _jackknifed(values: NDArray[np.float64]) -> float:
    n = len(values)
    without = np.array([_share(np.delete(values, i, axis=0)) for i in range(n)])
    return float(np.sqrt((n - 1) * np.mean((without - without.mean()) ** 2)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("student", type=Path)
    parser.add_argument("--cysts", type=int, default=4)
    parser.add_argument("--anatomies", type=int, default=12)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--manifest", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
