"""Every method on held-out simulated phantoms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn import metrics
from sonolucent.nn.evaluate.estimates import Estimate, estimates, of_pooled
from sonolucent.nn.evaluate.figures import EDGE_OFFSETS_M
from sonolucent.nn.evaluate.methods import ComparedMethod, View
from sonolucent.nn.evaluate.phantom_tasks import (
    KINDS,
    PhantomCounts,
    PhantomFigures,
    PhantomTask,
    measured,
    phantom_tasks,
    timed,
    view,
)
from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB, PhantomScanner
from sonolucent.nn.images import BMode
from sonolucent.nn.speckle_grain import SpeckleGrain, measure_grain

EvaluationProgress = Callable[[str], None]
Measuring = Callable[[Sequence[PhantomTask], SpeckleGrain | None], Iterable[PhantomFigures]]
"""Does tasks, wherever that is; what comes of them in their order."""
_TIMED_RUNS = 4
_SLOW_MS = 1000.0


@dataclass
class PhantomResults:
    """By method: figures, milliseconds an image, and the image of the first phantom of cysts; by name, such as
    "anatomy-900", the images of some anatomies and of all pictures, the truth first."""

    figures: dict[str, dict[str, Estimate]] = field(default_factory=lambda: defaultdict(dict))
    milliseconds: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, BMode] = field(default_factory=dict)
    anatomies: dict[str, dict[str, BMode]] = field(default_factory=dict)


def evaluate_simulated(
    methods: Sequence[ComparedMethod],
    scanner: PhantomScanner,
    counts: PhantomCounts,
    progress: EvaluationProgress = lambda what: None,
    *,
    pictures: Sequence[str] = (),
    measuring: Measuring | None = None,
) -> PhantomResults:
    """Runs every method on every phantom; seeds are those of `HELD_OUT`, from the first on.

    Args:
        methods: what is compared.
        scanner: images the phantoms.
        counts: how many of them.
        progress: told what is under way.
        pictures: phantoms of pictures to judge as anatomies too, by their names: "picture:FILE".
        measuring: does the phantoms with the same methods and the same scanner elsewhere; here by default.

    Raises:
        ValueError: there is no such picture.
    """

    def here(tasks: Sequence[PhantomTask], grain: SpeckleGrain | None) -> Iterator[PhantomFigures]:
        for task in tasks:
            progress(task.told)
            yield measured(task, methods, scanner, grain)

    tasks = phantom_tasks(counts, pictures)
    first = _first_view(tasks, scanner, progress)
    results, of_kind = PhantomResults(), defaultdict(list)
    for task, found in zip(tasks, (measuring or here)(tasks, first.grain), strict=True):
        of_kind[task.kind].append(found)
        if task.kind == "cysts":
            results.pictures.update(found.images)
        elif task.pictured:
            results.anatomies[task.pictured] = found.images
    for method in methods:
        progress(method.name)
        for kind in KINDS:
            results.figures[method.name].update(estimates([found.rows[method.name] for found in of_kind[kind]]))
            if kind == "cysts":
                profiles = [found.profiles[method.name] for found in of_kind[kind]]
                results.figures[method.name]["edge_rise_mm"] = of_pooled(_edge_rise_mm, profiles)
        times = [found.milliseconds[method.name] for found in of_kind["cysts"]]
        results.milliseconds[method.name] = _milliseconds(method, first, min(times))
    return results


def _first_view(tasks: Sequence[PhantomTask], scanner: PhantomScanner, progress: EvaluationProgress) -> View:
    """The first phantom, with the grain of the first that shows enough speckle: networks see all of them by it."""
    first = None
    for task in tasks:
        progress(f"speckle grain of {task.told}")
        scene = scanner.scene(task.phantom, task.seed)
        grain = measure_grain(scene.plain_db, DYNAMIC_RANGE_DB)
        first = first or scene
        if grain is not None:
            return view(first, grain)
    if first is None:
        raise ValueError("there are no phantoms to measure; give a count of at least one")
    return view(first)


def _milliseconds(method: ComparedMethod, given: View, among_others_ms: float) -> float:
    """Timed alone. The first run compiles. A method so slow that nobody waits for more keeps the time that it took on
    the phantoms, though other workers may have been at work then."""
    if among_others_ms >= _SLOW_MS:
        return among_others_ms
    return min(timed(method, given)[1] for _ in range(_TIMED_RUNS))


def _edge_rise_mm(profile_db: NDArray[np.float64]) -> float:
    """NaN where the profile never becomes flat beside the edge."""
    try:
        return 1e3 * metrics.edge_rise_m(EDGE_OFFSETS_M, profile_db)
    except ValueError:
        return float("nan")
