"""Methods that despeckle single images, as the evaluation compares methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from sonolucent.nn.baselines import FILTERS
from sonolucent.nn.evaluate.methods import ComparedMethod, View, compared_filter, compared_network, nothing
from sonolucent.nn.evaluate.scenes import PhantomScanner
from sonolucent.nn.evaluate.seeds import TRAINING
from sonolucent.nn.image_methods import OFFLINE_METHODS, Fitting, ImageMethod, offline_method
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.image_grain import GrainChoice
from sonolucent.nn.shipped_models import find_model, shipped_names

FAMILIES = ("random_tissue", "anatomy")


def despeckling_names() -> tuple[str, ...]:
    """All that may be compared besides model folders: of the methods that learn, those that leave an image's size."""
    return (*FILTERS, *shipped_names(), *(name for name, method in OFFLINE_METHODS.items() if method.scales == (1,)))


def despeckling_methods(
    names: Sequence[str],
    models: Sequence[Path],
    fitting: Fitting,
    learn_from: Callable[[], Sequence[BMode]],
    *,
    grain: GrainChoice = "auto",
) -> list[ComparedMethod]:
    """Plain, then these methods, then these models.

    Args:
        names: of `despeckling_names`.
        models: folders.
        fitting: how much a method may learn, of each image or of all that it learns from.
        learn_from: makes the images in dB for a method that learns from others.
        grain: of images' speckle, as `Enhancer` takes it.

    Raises:
        ModelError: a folder holds no model that works.
        FitError: images are too small to learn from.
    """
    return [
        nothing(),
        *(_named(name, fitting, learn_from, grain) for name in names),
        *(compared_network(folder, grain) for folder in models),
    ]


def simulated_images(n: int, scanner: PhantomScanner, progress: Callable[[str], None]) -> list[BMode]:
    """Of the training family and of anatomies in turn, float32 (n_z, n_x) in dB each."""
    images = []
    for i in range(n):
        name, seed = FAMILIES[i % len(FAMILIES)], TRAINING[i]
        progress(f"simulating {name} {seed} to learn from")
        images.append(scanner.scene(name, seed).plain_db)
    return images


def _named(
    name: str, fitting: Fitting, learn_from: Callable[[], Sequence[BMode]], grain: GrainChoice
) -> ComparedMethod:
    if name in FILTERS:
        return compared_filter(name)
    if name in shipped_names():
        return compared_network(find_model(name), grain)
    method = offline_method(name)
    if method.learns_from == "others":
        method.fit(learn_from(), fitting)
        return ComparedMethod(name, lambda view: method(view.plain_db))
    return ComparedMethod(name, partial(_fitted, method, fitting))


def _fitted(method: ImageMethod, fitting: Fitting, view: View) -> BMode:
    method.fit([view.plain_db], fitting)
    return method(view.plain_db)
