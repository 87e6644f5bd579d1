"""How well every enhancement does, on phantoms whose truth is known: arrays in, figures out.

`PhantomScanner` makes scenes of phantoms under `CONDITIONS`; `methods` are what is compared; `evaluate_simulated` runs
all of them on phantoms held out. `anatomy_figures`, `cyst_figures` and `truth_figures` judge a single image.
"""

from sonolucent.nn.evaluate.estimates import Estimate, estimates
from sonolucent.nn.evaluate.figures import EDGE_OFFSETS_M, anatomy_figures, cyst_figures, edge_profile, truth_figures
from sonolucent.nn.evaluate.held_out import PhantomResults, evaluate_simulated
from sonolucent.nn.evaluate.methods import ComparedMethod, View, methods
from sonolucent.nn.evaluate.phantom_tasks import PhantomCounts
from sonolucent.nn.evaluate.real import PixelRectangle, reflector_figures, vessel_figures
from sonolucent.nn.evaluate.scenes import CONDITIONS, DYNAMIC_RANGE_DB, Condition, PhantomScanner, Scene
from sonolucent.nn.evaluate.seeds import CHOOSING, HELD_OUT, TRAINING

__all__ = [
    "CHOOSING",
    "CONDITIONS",
    "DYNAMIC_RANGE_DB",
    "EDGE_OFFSETS_M",
    "HELD_OUT",
    "TRAINING",
    "ComparedMethod",
    "Condition",
    "Estimate",
    "PhantomCounts",
    "PhantomResults",
    "PhantomScanner",
    "PixelRectangle",
    "Scene",
    "View",
    "anatomy_figures",
    "cyst_figures",
    "edge_profile",
    "estimates",
    "evaluate_simulated",
    "methods",
    "reflector_figures",
    "truth_figures",
    "vessel_figures",
]
