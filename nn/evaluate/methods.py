"""The methods compared: nothing, filters, compounds, networks; each makes a dB image of a scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import ImageGrid, log_compress
from sonolucent.nn.baselines import COMPOUNDS, FILTERS, Compound
from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.inference.image_grain import GrainChoice, GrainSeen
from sonolucent.nn.shipped_models import SHIPPED_MODELS, find_model, shipped_names
from sonolucent.nn.speckle_grain import SpeckleGrain


@dataclass(frozen=True)
class View:
    """What a method is given: the B-mode image in dB and, where there is one, the analytic image behind it.

    `grain` is the speckle's, where it was measured beforehand; a network of grain "auto" measures none then.
    """

    plain_db: BMode
    analytic: NDArray[np.complex64] | None = None
    grid: ImageGrid | None = None
    level: float = 1.0
    grain: SpeckleGrain | None = None


@dataclass(frozen=True)
class ComparedMethod:
    """Args: name; what it does to a view; megabytes of its weights; whether it needs the analytic image."""

    name: str
    apply: Callable[[View], BMode]
    megabytes: float = 0.0
    needs_phase: bool = False


def methods(
    models: Iterable[Path] = (), *, grain: GrainChoice = "auto", threads: int | None = None
) -> list[ComparedMethod]:
    """Plain, every filter and compound, and these models (folders, or names of shipped ones), or all shipped ones.

    Args:
        grain: of the speckle of images, as `Enhancer` takes it; "auto" measures it on the first of each grid.
        threads: of networks, as `Enhancer` takes them.

    Raises:
        ModelError: a folder holds no model that works.
        ValueError: there is no such grain.
    """
    folders = list(map(find_model, models)) or [SHIPPED_MODELS / name for name in shipped_names()]
    return [
        nothing(),
        *(compared_filter(name) for name in FILTERS),
        *(
            ComparedMethod(name, partial(_compounded, compound), needs_phase=True)
            for name, compound in COMPOUNDS.items()
        ),
        *(compared_network(folder, grain, threads) for folder in folders),
    ]


def nothing() -> ComparedMethod:
    """The plain image."""
    return ComparedMethod("plain", lambda view: view.plain_db)


def compared_filter(name: str) -> ComparedMethod:
    """One of `FILTERS`."""
    return ComparedMethod(name, lambda view: FILTERS[name](view.plain_db))


def compared_network(folder: Path, grain: GrainChoice, threads: int | None = None) -> ComparedMethod:
    """That of a model folder.

    Raises:
        ModelError: the folder holds no model that works.
    """
    enhancer, grid = Enhancer(folder, grain=grain, threads=threads), None

    def enhance(view: View) -> BMode:
        nonlocal grid
        if view.grain is not None:
            known = enhancer.image_grain.anew(enhancer.dynamic_range_db)
            known.resume(GrainSeen(view.grain, 1))
            enhancer.forget_grain(known)
        elif view.grid is None or view.grid != grid:
            enhancer.forget_grain()
            grid = view.grid
        return enhancer(view.plain_db)

    return ComparedMethod(enhancer.model, enhance, (folder / "weights.safetensors").stat().st_size / 1e6)


def _compounded(compound: Compound, view: View) -> BMode:
    if view.analytic is None or view.grid is None:
        raise ValueError("compounding needs the analytic image, which a B-mode image no longer has")
    envelope = compound(view.analytic, view.grid)
    return log_compress(envelope, dynamic_range_db=DYNAMIC_RANGE_DB, reference=view.level)
