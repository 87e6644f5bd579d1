"""Networks of other people's recipes, trained for an evaluation: Self2Self on each image, Speckle2Self once."""

from __future__ import annotations

from sonolucent.nn.evaluate.despeckling_suite import despeckling_methods, simulated_images
from sonolucent.nn.evaluate.methods import ComparedMethod
from sonolucent.nn.evaluate.scenes import PhantomScanner
from sonolucent.nn.image_methods import Fitting

_FRAMES = 16


def self_supervised(steps: int, scanner: PhantomScanner) -> list[ComparedMethod]:
    """Both, of so many steps: Speckle2Self on simulated phantoms, Self2Self on whatever it is given."""
    names = ("self2self", "speckle2self")
    return despeckling_methods(names, [], Fitting(steps=steps), lambda: simulated_images(_FRAMES, scanner, _untold))[1:]


def _untold(what: str) -> None:
    """Tells nobody."""
