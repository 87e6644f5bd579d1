"""Super-resolution methods against one another: method x degradation x scale, as the published tables have it.

PSNR and SSIM are those of images of 256 grey levels; "±" in those tables is the variance (McGill's notebook), and so it
is here.
"""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import skimage.metrics
from numpy.typing import NDArray

from sonolucent.nn.image_methods import RANGE_DB, FitError, Fitting, ImageMethod, offline_method
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.metrics.lpips import Lpips
from sonolucent.nn.super_resolution.degradations import degrade, quantized

SuiteProgress = Callable[[str], None]
_WHITE = 255


@dataclass(frozen=True)
class Spread:
    """Mean and variance over `n` images."""

    mean: float
    variance: float
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """That of some values."""
        return cls(float(np.mean(values)), float(np.var(values)), len(values))

    def __str__(self) -> str:
        return f"{self.mean:.4g} ± {self.variance:.2g}"


class Truth(NamedTuple):
    """A high-resolution image (n_z, n_x), grey 0..1, both divisible by the scales; its name and where it is from."""

    name: str
    source: str
    grey: NDArray[np.float32]


class Cell(NamedTuple):
    """A place in the table."""

    source: str
    scale: int
    degradation: str
    method: str


@dataclass
class SuiteResults:
    """What came of it.

    Args:
        figures: by cell: psnr_db, ssim, seconds an image, and lpips and alex_mcgill with weights.
        pictures: of the first image of every source, by source, scale and degradation: truth, then every method, dB.
        left_out: methods that could not be used, and why.
    """

    figures: dict[Cell, dict[str, Spread]] = field(default_factory=dict)
    pictures: dict[tuple[str, int, str], dict[str, BMode]] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)


def evaluate_super_resolution(
    truths: Sequence[Truth],
    methods: Sequence[str],
    *,
    scales: Sequence[int],
    degradations: Sequence[str],
    fitting: Fitting,
    learn_from: Sequence[BMode] = (),
    lpips: Path | None = None,
    progress: SuiteProgress = lambda what: None,
) -> SuiteResults:
    """Makes every truth small in every way and large again by every method.

    Args:
        truths: images to get back.
        methods: names of `OFFLINE_METHODS`, without a scale.
        scales: 2, 4.
        degradations: names of `DEGRADATIONS`.
        fitting: how much a method may learn; of one image, or of all that it learns from.
        learn_from: images in dB for the methods that learn from others.
        lpips: weights, see `Lpips`.
        progress: told what is under way.

    Raises:
        FitError: the weights cannot be read.
    """
    results, network = SuiteResults(), None if lpips is None else Lpips(lpips)
    rows: dict[Cell, list[dict[str, float]]] = defaultdict(list)
    for scale, name in itertools.product(scales, methods):
        method = offline_method(f"{name}-x{scale}")
        if method.learns_from == "others":
            progress(f"{method.name} learns from {len(learn_from)} images")
            method.fit(learn_from, fitting)
        for truth, degradation in itertools.product(truths, degradations):
            progress(f"{method.name}, {degradation}, {truth.name}")
            small_db = denormalized(degrade(truth.grey, degradation, scale), RANGE_DB)
            try:
                made_db, seconds = _made(method, small_db, fitting)
            except FitError as error:
                results.left_out[f"{method.name} on {truth.source}"] = str(error)
                continue
            made = quantized(normalized(made_db, RANGE_DB).astype(np.float32))
            figures = {**image_figures(made, truth.grey, network), "seconds": seconds}
            rows[Cell(truth.source, scale, degradation, name)].append(figures)
            shown = {"truth": denormalized(truth.grey, RANGE_DB)}
            results.pictures.setdefault((truth.source, scale, degradation), shown).setdefault(name, made_db)
    for cell, of_cell in rows.items():
        results.figures[cell] = {figure: Spread.of([row[figure] for row in of_cell]) for figure in of_cell[0]}
    return results


def _made(method: ImageMethod, small_db: BMode, fitting: Fitting) -> tuple[BMode, float]:
    """The large image, and the seconds that it took."""
    begun = time.monotonic()
    if method.learns_from == "the image":
        method.fit([small_db], fitting)
    return method(small_db), time.monotonic() - begun


def image_figures(
    made: NDArray[np.float32], truth: NDArray[np.float32], network: Lpips | None = None
) -> dict[str, float]:
    """PSNR in dB and SSIM of two images (n_z, n_x), grey 0..1, at 256 levels; LPIPS in both its ranges with a network.

    SSIM is scikit-image's by default: uniform windows of 7 x 7, K1 = .01, K2 = .03.
    """
    pair = [np.asarray(np.round(_WHITE * image.clip(0, 1)), np.uint8) for image in (truth, made)]
    mean_squared = float(np.mean((pair[0].astype(np.float64) - pair[1]) ** 2))
    figures = {
        "psnr_db": 10 * float(np.log10(_WHITE**2 / max(mean_squared, 1e-10))),
        "ssim": float(skimage.metrics.structural_similarity(*pair, data_range=_WHITE)),
    }
    if network is not None:
        figures["lpips"] = network.distance(made, truth)
        figures["alex_mcgill"] = network.distance(made, truth, as_mcgill=True)
    return figures
