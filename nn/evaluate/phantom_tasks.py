"""What is measured on held-out phantoms, one by one: a task needs no other, so it may be done anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sonolucent.nn import metrics
from sonolucent.nn.evaluate.figures import anatomy_figures, cyst_figures, edge_profile, truth_figures
from sonolucent.nn.evaluate.methods import ComparedMethod, View
from sonolucent.nn.evaluate.scenes import PhantomScanner, Scene
from sonolucent.nn.evaluate.seeds import HELD_OUT
from sonolucent.nn.images import BMode
from sonolucent.nn.speckle_grain import SpeckleGrain

PhantomKind = Literal["anatomy", "picture", "cysts", "tissue", "uniform", "moving"]
KINDS: tuple[PhantomKind, ...] = ("anatomy", "picture", "cysts", "tissue", "uniform", "moving")
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


@dataclass(frozen=True)
class PhantomTask:
    """One phantom to measure every method on.

    Args:
        kind: what is measured.
        phantom: its name, as `sonolucent.sim.phantoms` takes it.
        seed: of it.
        frames: of a moving one.
        pictured: the name of the picture that shows it, where one does.
    """

    kind: PhantomKind
    phantom: str
    seed: int
    frames: int = 1
    pictured: str = ""

    @property
    def told(self) -> str:
        """Which it is, in words."""
        return self.phantom if self.kind == "picture" else f"{self.phantom} {self.seed}"


@dataclass(frozen=True)
class PhantomFigures:
    """What came of a task, by method: figures; of cysts the profile of their edges and the milliseconds an image took;
    and where it is pictured the images, in dB, before them the truth of an anatomy."""

    rows: dict[str, dict[str, float]]
    profiles: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    milliseconds: dict[str, float] = field(default_factory=dict)
    images: dict[str, BMode] = field(default_factory=dict)


def phantom_tasks(counts: PhantomCounts, pictures: Sequence[str] = ()) -> list[PhantomTask]:
    """All tasks, those of a kind together; `pictures` are names of phantoms of pictures."""
    first = HELD_OUT[0]
    return [
        *(
            PhantomTask("anatomy", "anatomy", seed, pictured=f"anatomy-{seed}" if seed < first + _PICTURED else "")
            for seed in HELD_OUT[: counts.anatomies]
        ),
        *(PhantomTask("picture", name, first, pictured=f"picture-{n + 1}") for n, name in enumerate(pictures)),
        *(
            PhantomTask("cysts", "cysts", seed, pictured="cysts" if seed == first else "")
            for seed in HELD_OUT[: counts.cysts]
        ),
        *(PhantomTask("tissue", "random_tissue", seed) for seed in HELD_OUT[: counts.tissue]),
        *(PhantomTask("uniform", "uniform", seed) for seed in HELD_OUT[: counts.uniform]),
        *([PhantomTask("moving", "moving", first, frames=counts.moving)] if counts.moving else []),
    ]


def measured(
    task: PhantomTask, methods: Iterable[ComparedMethod], scanner: PhantomScanner, grain: SpeckleGrain | None
) -> PhantomFigures:
    """What every method makes of a phantom, in figures.

    Args:
        grain: of the speckle of all phantoms, where any of them tells it.
    """
    scenes = _scenes(task, scanner)
    runs = {method.name: [timed(method, view(scene, grain)) for scene in scenes] for method in methods}
    images = {name: [image for image, _ in of_method] for name, of_method in runs.items()}
    first_images = {name: of_method[0] for name, of_method in images.items()}
    if task.kind == "moving":
        return PhantomFigures({name: {"flicker_db": metrics.flicker_db(stream)} for name, stream in images.items()})
    scene, figures, is_cysts = scenes[0], _FIGURES[task.kind], task.kind == "cysts"
    return PhantomFigures(
        {name: figures(image, scene) for name, image in first_images.items()},
        {name: edge_profile(image, scene) for name, image in first_images.items()} if is_cysts else {},
        {name: of_method[0][1] for name, of_method in runs.items()} if is_cysts else {},
        {**({} if is_cysts else _truth(scene)), **first_images} if task.pictured else {},
    )


def view(scene: Scene, grain: SpeckleGrain | None = None) -> View:
    """What a method may see of a scene: all but the truth."""
    return View(scene.plain_db, scene.image, scene.grid, scene.level, grain)


def timed(method: ComparedMethod, given: View) -> tuple[BMode, float]:
    """What a method makes of an image, and how many milliseconds it took."""
    begin = time.perf_counter()
    image = method.apply(given)
    return image, 1e3 * (time.perf_counter() - begin)


def _scenes(task: PhantomTask, scanner: PhantomScanner) -> list[Scene]:
    """Successive frames of a phantom, at the level of the first."""
    scenes = [scanner.scene(task.phantom, task.seed)]
    for frame in range(1, task.frames):
        scenes.append(scanner.scene(task.phantom, task.seed, frame=frame, level=scenes[0].level))
    return scenes


def _truth(scene: Scene) -> dict[str, BMode]:
    shown_db, _ = metrics.at_median_level(scene.plain_db, scene.phantom.echogenicity_db(scene.true_grid))
    return {"truth": np.asarray(shown_db, np.float32)}


def _of_picture(image_db: BMode, scene: Scene) -> dict[str, float]:
    return {f"picture_{name}": figure for name, figure in anatomy_figures(image_db, scene).items()}


def _of_tissue(image_db: BMode, scene: Scene) -> dict[str, float]:
    return {f"tissue_{name}": figure for name, figure in truth_figures(image_db, scene).items()}


def _false_structures(image_db: BMode, scene: Scene) -> dict[str, float]:
    return {
        "false_structures": metrics.false_structures(image_db, scene.grid),
        "false_structures_of_4_db": metrics.false_structures(image_db, scene.grid, above_db=_CONSPICUOUS_DB),
    }


_FIGURES: dict[PhantomKind, Callable[[BMode, Scene], dict[str, float]]] = {
    "anatomy": anatomy_figures,
    "picture": _of_picture,
    "cysts": cyst_figures,
    "tissue": _of_tissue,
    "uniform": _false_structures,
}
