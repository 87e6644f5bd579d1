"""Every method on held-out simulated phantoms."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform.image_grid import ImageGrid
from sonolucent.nn import metrics
from sonolucent.nn.evaluate.estimates import Estimate, estimates, of_pooled, of_values
from sonolucent.nn.evaluate.figures import EDGE_OFFSETS_M, anatomy_figures, cyst_figures, edge_profile, truth_figures
from sonolucent.nn.evaluate.methods import ComparedMethod, View
from sonolucent.nn.evaluate.scenes import PhantomScanner, Scene
from sonolucent.nn.evaluate.seeds import HELD_OUT
from sonolucent.nn.images import BMode

EvaluationProgress = Callable[[str], None]
_TIMED_RUNS = 3
_SLOW_MS = 1000.0
_PICTURED = 4
# Some three standard deviations of what the best filters leave of uniform tissue.
_CONSPICUOUS_DB = 4.0


@dataclass(frozen=True)
class PhantomCounts:
    """How many held-out phantoms of each family, and frames of the moving one.

    Args:
        cysts: for contrast, speckle, edges, points, and error to the truth.
        tissue: of the family trained on, for the error to the truth alone.
        uniform: for false structures.
        moving: frames, for flicker; at least 2, or 0.
        anatomies: for structure, and spots that are not there.
    """

    cysts: int = 8
    tissue: int = 4
    uniform: int = 10
    moving: int = 6
    anatomies: int = 12


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
) -> PhantomResults:
    """Runs every method on every phantom; seeds are those of `HELD_OUT`, from the first on.

    Args:
        methods: what is compared.
        scanner: images the phantoms.
        counts: how many of them.
        progress: told what is under way.
        pictures: phantoms of pictures to judge as anatomies too, by their names: "picture:FILE".

    Raises:
        ValueError: there is no such picture.
    """
    results = PhantomResults()
    scenes = _scenes(scanner, "anatomy", counts.anatomies, progress)
    named = ((f"anatomy-{seed}", scene) for seed, scene in zip(HELD_OUT, scenes, strict=False))
    _anatomies(methods, named, results, pictured=_PICTURED)
    _anatomies(methods, _pictures(scanner, pictures, progress), results, prefix="picture_", pictured=len(pictures))
    _cysts(methods, list(_scenes(scanner, "cysts", counts.cysts, progress)), results)
    tissue = list(_scenes(scanner, "random_tissue", counts.tissue, progress))
    uniform = list(_scenes(scanner, "uniform", counts.uniform, progress))
    moving = list(_stream(scanner, counts.moving, progress))
    for method in methods:
        progress(method.name)
        of_method = results.figures[method.name]
        on_tissue = estimates([truth_figures(method.apply(view(scene)), scene) for scene in tissue])
        of_method.update({f"tissue_{name}": figure for name, figure in on_tissue.items()})
        if uniform:
            of_method.update(estimates([_false_structures(method.apply(view(scene)), scene.grid) for scene in uniform]))
        if moving:
            of_method["flicker_db"] = of_values([metrics.flicker_db([method.apply(view(scene)) for scene in moving])])
    return results


def view(scene: Scene) -> View:
    """What a method may see of a scene: all but the truth."""
    return View(scene.plain_db, scene.image, scene.grid, scene.level)


def timed(method: ComparedMethod, given: View) -> tuple[BMode, float]:
    """What a method makes of an image, and how many milliseconds it took."""
    begin = time.perf_counter()
    image = method.apply(given)
    return image, 1e3 * (time.perf_counter() - begin)


def _anatomies(
    methods: Sequence[ComparedMethod],
    scenes: Iterable[tuple[str, Scene]],
    results: PhantomResults,
    *,
    prefix: str = "",
    pictured: int,
) -> None:
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    for i, (name, scene) in enumerate(scenes):
        images = {method.name: method.apply(view(scene)) for method in methods}
        for method, image in images.items():
            figures = anatomy_figures(image, scene)
            rows[method].append({f"{prefix}{figure}": value for figure, value in figures.items()})
        if i < pictured:
            shown_db, _ = metrics.at_median_level(scene.plain_db, scene.phantom.echogenicity_db(scene.true_grid))
            results.anatomies[name] = {"truth": np.asarray(shown_db, np.float32), **images}
    for method, of_method in rows.items():
        results.figures[method].update(estimates(of_method))


def _cysts(methods: Sequence[ComparedMethod], scenes: Sequence[Scene], results: PhantomResults) -> None:
    for method in methods:
        # The first run compiles; it counts only for methods so slow that nobody waits for two more.
        runs = [timed(method, view(scene)) for scene in scenes]
        images, times = [image for image, _ in runs], [ms for _, ms in runs]
        if min(times) < _SLOW_MS:
            times += [timed(method, view(scenes[0]))[1] for _ in range(_TIMED_RUNS)]
        of_method = results.figures[method.name]
        pairs = list(zip(images, scenes, strict=True))
        of_method.update(estimates([cyst_figures(image, scene) for image, scene in pairs]))
        of_method["edge_rise_mm"] = of_pooled(_edge_rise_mm, [edge_profile(image, scene) for image, scene in pairs])
        results.milliseconds[method.name] = min(times)
        results.pictures[method.name] = images[0]


def _false_structures(image_db: BMode, grid: ImageGrid) -> dict[str, float]:
    return {
        "false_structures": metrics.false_structures(image_db, grid),
        "false_structures_of_4_db": metrics.false_structures(image_db, grid, above_db=_CONSPICUOUS_DB),
    }


def _edge_rise_mm(profile_db: NDArray[np.float64]) -> float:
    """NaN where the profile never becomes flat beside the edge."""
    try:
        return 1e3 * metrics.edge_rise_m(EDGE_OFFSETS_M, profile_db)
    except ValueError:
        return float("nan")


def _scenes(scanner: PhantomScanner, name: str, n: int, progress: EvaluationProgress) -> Iterator[Scene]:
    for seed in HELD_OUT[:n]:
        progress(f"simulating {name} {seed}")
        yield scanner.scene(name, seed)


def _pictures(
    scanner: PhantomScanner, names: Sequence[str], progress: EvaluationProgress
) -> Iterator[tuple[str, Scene]]:
    for number, name in enumerate(names):
        progress(f"simulating {name}")
        yield f"picture-{number + 1}", scanner.scene(name, HELD_OUT[0])


def _stream(scanner: PhantomScanner, n: int, progress: EvaluationProgress) -> Iterator[Scene]:
    """Successive frames of a moving phantom at the level of the first."""
    level = None
    for frame in range(n):
        progress(f"simulating moving {HELD_OUT[0]}, frame {frame}")
        scene = scanner.scene("moving", HELD_OUT[0], frame=frame, level=level)
        level = scene.level
        yield scene
