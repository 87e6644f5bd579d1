"""Errors of enhanced images whose pixels are finer or coarser than those trained on: `python
tests/campaigns/grain_matching.py --models light-quadrant full-quadrant`.

Every phantom is simulated once and imaged on nine grids: with the grain scaled by .5 to 2 both ways, and by 1.4 along
one. An image is enhanced as it is, and matched by a grain that is measured in it. Held: matched images of .7 to 2 times
the grain err by no more than .08 dB more than those of the grain trained on.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sonolucent.beamform import BModeImager, ImageGrid
from sonolucent.nn import Enhancer, metrics
from sonolucent.nn.evaluate import CONDITIONS, HELD_OUT
from sonolucent.sim import phantoms, simulate

SCALES = {"1": (1, 1), ".5": (0.5, 0.5), ".7": (0.7, 0.7), "1.4": (1.4, 1.4), "2": (2, 2), "1.4 deep": (1.4, 1)}
SCALES["1.4 wide"] = (1, 1.4)
SCALES[".85"], SCALES["1.18"] = (0.85, 0.85), (1.18, 1.18)
"""The last two are where grains are only just left alone."""
HELD = [name for name in SCALES if name not in ("1", ".5")]
MOST_MORE_DB = 0.08
FIRST_SEED = 30
"""Of those held out: the ones before are looked at by `sonolucent evaluate`."""

Pair = tuple[NDArray[np.float32], NDArray[np.float64]]


def grid_of(scale: tuple[float, float]) -> ImageGrid:
    """The reference image's extent in pixels that make its grain so many times as large, down and across."""
    reference, (rows, columns) = ImageGrid.sau64(), scale
    n_z, n_x = round(reference.n_z * rows), round(reference.n_x * columns)
    return ImageGrid(reference.x0_m, reference.z0_m, reference.dx_m / columns, reference.dz_m / rows, n_z, n_x)


def scenes(families: Sequence[str], n: int) -> Iterator[dict[str, Pair]]:
    """Of each phantom, the B-mode image and the truth on every grid, by the name of its scale."""
    acquisition = CONDITIONS["reference"].acquisition
    imagers = {}
    for name, scale in SCALES.items():
        imagers[name] = BModeImager(acquisition, grid_of(scale))
    for family in families:
        for seed in HELD_OUT[FIRST_SEED : FIRST_SEED + n]:
            phantom = phantoms.make(family, seed=seed)
            shown = {"scatterers_m": phantom.scatterers_m, "amplitudes": phantom.amplitudes, "snr_db": 20}
            channels = simulate(acquisition, **shown, seed=seed)
            yield {name: _pair(imager, channels, phantom) for name, imager in imagers.items()}


def _pair(imager: BModeImager, channels: NDArray[np.generic], phantom: phantoms.Phantom) -> Pair:
    """With the median 26 dB below the ceiling, as `sonolucent evaluate` has it."""
    imager(channels)
    envelope = np.abs(imager.analytic)
    plain_db = 20 * np.log10(np.maximum(envelope, 1e-30) / np.median(envelope)) - 26
    return plain_db.clip(-60, 0).astype(np.float32), phantom.echogenicity_db(imager.grid)


def errors_db(choice: str, images: Sequence[dict[str, Pair]]) -> dict[str, dict[str, float]]:
    """The mean error of a model by "as they are" and "matched", and by the scale."""
    found: dict[str, dict[str, list[float]]] = {"as they are": defaultdict(list), "matched": defaultdict(list)}
    for how, grain in zip(found, ("off", "auto"), strict=True):
        enhancer = Enhancer(choice, grain=grain)
        for scene in images:
            for name, (plain_db, truth_db) in scene.items():
                enhancer.forget_grain()
                enhanced = enhancer(plain_db)
                found[how][name].append(metrics.error_db(enhanced, metrics.at_level_of(enhanced, truth_db)))
    return {how: {name: float(np.mean(values)) for name, values in by.items()} for how, by in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["light-quadrant", "full-quadrant"])
    parser.add_argument("--phantoms", nargs="+", default=["cysts", "random_tissue"])
    parser.add_argument("--each", type=int, default=4, help="phantoms of each family")
    chosen = parser.parse_args()
    images = list(scenes(chosen.phantoms, chosen.each))
    print(f"{'error, dB':<34}" + "".join(f"{name:>10}" for name in SCALES))
    missed = []
    for choice in chosen.models:
        errors = errors_db(choice, images)
        for how, by in errors.items():
            print(f"{choice:<20}{how:<14}" + "".join(f"{by[name]:>10.3f}" for name in SCALES), flush=True)
        matched = errors["matched"]
        missed += [f"{choice} at {name}" for name in HELD if matched[name] > matched["1"] + MOST_MORE_DB]
    print("held" if not missed else f"not held: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
