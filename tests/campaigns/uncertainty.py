"""Whether the spread of an enhancement over small perturbations of its input tells where it is wrong: `python
tests/campaigns/uncertainty.py --models light-quadrant --phantoms cysts random_tissue`.

Perturbed are position (by a pixel or two, taken back), side (mirrored, and back) and values (noise of 1 dB). A pixel is
wrong where it is 4 dB and more from the truth, and invented where that is flat for a millimetre around and it is 3 dB
off. Printed is the area under the ROC curve, .5 being chance, of each kind of spread, and of what the plain and the
enhanced image tell without it: how much they vary around a pixel.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, maximum_filter, minimum_filter
from scipy.stats import rankdata

from sonolucent.nn import Enhancer, metrics
from sonolucent.nn.evaluate import CONDITIONS, HELD_OUT, PhantomScanner

Image = NDArray[np.float32]
FIRST_SEED = 30
LEAST_DB, FLAT_DB = -50.0, 1.0
SMOOTH_PX = 8.0, 3.2
"""Half a millimetre of the reference image, down and across."""


def shifted(enhance: Callable[[Image], Image], image: Image) -> Iterator[Image]:
    """Outputs of images that were moved, moved back."""
    for by in ((1, 0), (-1, 0), (0, 1), (0, -1), (2, 1), (-2, -1)):
        yield np.roll(enhance(np.roll(image, by, (0, 1))), (-by[0], -by[1]), (0, 1))


def mirrored(enhance: Callable[[Image], Image], image: Image) -> Iterator[Image]:
    """The output of the mirrored image, mirrored back, and the image's own."""
    yield enhance(image)
    yield enhance(np.ascontiguousarray(image[:, ::-1]))[:, ::-1]


def noisy(enhance: Callable[[Image], Image], image: Image) -> Iterator[Image]:
    """Outputs of images with noise of 1 dB."""
    for seed in range(6):
        noise = np.random.default_rng(seed).standard_normal(image.shape, np.float32)
        yield enhance((image + noise).clip(-60, 0))


SPREADS = {"shifts": shifted, "mirror": mirrored, "noise": noisy}


def variation(image: Image, size: tuple[int, int] = (9, 5)) -> Image:
    """Between the brightest and the darkest of the pixels around each."""
    return maximum_filter(image, size) - minimum_filter(image, size)


def auc(score: Image, wrong: NDArray[np.bool_]) -> float:
    """The chance that a wrong pixel has a higher score than a right one."""
    ranks, n_wrong = rankdata(score), int(wrong.sum())
    return float((ranks[wrong].sum() - n_wrong * (n_wrong + 1) / 2) / (n_wrong * (wrong.size - n_wrong)))


def scores_of(enhance: Callable[[Image], Image], plain: Image, enhanced: Image) -> dict[str, Image]:
    """What may tell, by name."""
    outputs = {name: list(perturb(enhance, plain)) for name, perturb in SPREADS.items()}
    spreads = {name: np.std(images, axis=0) for name, images in outputs.items()}
    together = np.sqrt(sum(spread**2 for spread in spreads.values()))
    smooth = gaussian_filter(plain, SMOOTH_PX)
    return {
        **spreads,
        "all spreads": together,
        "plain varies": variation(plain),
        "plain varies, smooth": variation(smooth),
        "enhanced varies": variation(enhanced),
        "plain, how dark": -smooth,
        "enhanced less plain": np.abs(gaussian_filter(enhanced, SMOOTH_PX) - smooth),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["light-quadrant"])
    parser.add_argument("--phantoms", nargs="+", default=["cysts", "random_tissue"])
    parser.add_argument("--each", type=int, default=4, help="phantoms of each family")
    chosen = parser.parse_args()
    scanner = PhantomScanner(CONDITIONS["reference"])
    seeds = HELD_OUT[FIRST_SEED : FIRST_SEED + chosen.each]
    scenes = [scanner.scene(family, seed) for family in chosen.phantoms for seed in seeds]
    for choice in chosen.models:
        enhance, found = Enhancer(choice), defaultdict(list)
        for scene in scenes:
            enhanced = enhance(scene.plain_db)
            truth = metrics.at_level_of(enhanced, scene.phantom.echogenicity_db(scene.true_grid))
            error, there = np.abs(enhanced - truth), truth > LEAST_DB
            flat = there & (variation(truth, (33, 13)) < FLAT_DB)
            for name, score in scores_of(enhance, scene.plain_db, enhanced).items():
                for kind, pixels, most_db in (("wrong", there, 4), ("invented", flat, 3)):
                    found[name, kind].append(auc(score[pixels], error[pixels] > most_db))
        print(f"{choice}, {len(scenes)} images: area under the ROC curve, mean and standard deviation over images")
        for (name, kind), values in found.items():
            print(f"  {kind:<18}{name:<24}{np.mean(values):6.3f} +- {np.std(values):.3f}")


if __name__ == "__main__":
    main()
