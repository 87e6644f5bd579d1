"""How near to the truth a network comes that is shown the truth: `python tests/campaigns/supervised_bound.py`.

No zero-shot recipe can be expected to do better. The shipped networks learn from raw frames alone; this one learns what
anatomies really are, of the same family and probe that it is measured on, by the very error that is measured. Printed
are its figures and those of the shipped network beside plain and NL-means, on held-out anatomies and on pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolucent.nn import metrics
from sonolucent.nn.evaluate import CONDITIONS, TRAINING, PhantomCounts, PhantomScanner, evaluate_simulated
from sonolucent.nn.evaluate.methods import ComparedMethod, View, compared_filter, compared_network, nothing
from sonolucent.nn.evaluate.scenes import DYNAMIC_RANGE_DB
from sonolucent.nn.images import BMode, denormalized, normalized
from sonolucent.nn.shipped_models import find_model
from sonolucent.nn.training.recipes import cosine
from sonolucent.nn.unet import NETWORKS, UNet

CROP = (224, 112)
BATCH = 4
LEVEL_SHIFT_DB = 6.0
FIGURES = (
    "anatomy_error_db",
    "structure_correlation",
    "structure_slope",
    "anatomy_edge_mm",
    "dots",
    "pits",
    "dead_zone_blobs",
)

Lesson = tuple[BMode, NDArray[np.float32], NDArray[np.bool_]]
"""A plain image, the truth at its level, and where that is not black."""


def lessons(scanner: PhantomScanner, seeds: Sequence[int]) -> Iterator[Lesson]:
    for seed in seeds:
        scene = scanner.scene("anatomy", seed)
        truth_db, seen = metrics.at_median_level(scene.plain_db, scene.phantom.echogenicity_db(scene.true_grid))
        yield scene.plain_db, truth_db.astype(np.float32), seen


def drawn(lesson: Lesson, rng: np.random.Generator) -> NDArray[np.float32]:
    """A crop of the image, the truth and the mask, (3, *CROP): grey, grey, 0 or 1."""
    plain_db, truth_db, seen = lesson
    z, x = (int(rng.integers(n - size + 1)) for n, size in zip(plain_db.shape, CROP, strict=True))
    here = slice(z, z + CROP[0]), slice(x, x + CROP[1])
    shift_db = rng.uniform(-LEVEL_SHIFT_DB, LEVEL_SHIFT_DB)
    grey = [normalized(image[here] + shift_db, DYNAMIC_RANGE_DB) for image in (plain_db, truth_db)]
    stacked = np.stack([*grey, seen[here]]).astype(np.float32)
    return stacked[..., ::-1] if rng.random() < 0.5 else stacked


def taught(kind: str, known: Sequence[Lesson], steps: int, seed: int) -> UNet:
    torch.manual_seed(seed)
    network = NETWORKS[kind]()
    optimizer = torch.optim.Adam(network.parameters())
    rng = np.random.default_rng(seed)
    for step in range(steps):
        batch = torch.from_numpy(np.stack([drawn(known[rng.integers(len(known))], rng) for _ in range(BATCH)]))
        given, wanted, seen = (batch[:, n : n + 1] for n in range(3))
        loss = squared_error(network(given), wanted, seen)
        optimizer.param_groups[0]["lr"] = cosine(step, steps)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 100 == 0:
            print(f"{kind}: step {step + 1}, {DYNAMIC_RANGE_DB * float(loss.detach()) ** 0.5:.2f} dB", flush=True)
    return network.eval()


def squared_error(predicted: Tensor, wanted: Tensor, seen: Tensor) -> Tensor:
    return ((predicted - wanted) ** 2 * seen).sum() / seen.sum().clamp(min=1)


def shown_by(network: UNet, view: View) -> BMode:
    grey = normalized(view.plain_db, DYNAMIC_RANGE_DB).astype(np.float32)
    with torch.inference_mode():
        return denormalized(network(torch.from_numpy(grey)[None, None])[0, 0].numpy(), DYNAMIC_RANGE_DB).clip(-60, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("light", "full"), default="light")
    parser.add_argument("--steps", type=int, default=5200)
    parser.add_argument("--anatomies", type=int, default=96, help="to learn from")
    parser.add_argument("--held-out", type=int, default=12, help="to measure on")
    parser.add_argument("--pictures", nargs="*", default=[], metavar="FILE:WIDTH[:DEPTH]")
    given = parser.parse_args()
    scanner = PhantomScanner(CONDITIONS["reference"])
    known = list(lessons(scanner, TRAINING[: given.anatomies]))
    network = taught(given.kind, known, given.steps, seed=0)
    compared = [
        nothing(),
        compared_filter("nlm"),
        compared_network(find_model(f"{given.kind}-quadrant"), "off"),
        ComparedMethod(f"{given.kind}, shown the truth", partial(shown_by, network)),
    ]
    counts = PhantomCounts(cysts=1, tissue=0, uniform=0, moving=0, anatomies=given.held_out)
    found = evaluate_simulated(compared, scanner, counts, pictures=[f"picture:{name}" for name in given.pictures])
    for name, figures in found.figures.items():
        for prefix in ("", "picture_") if given.pictures else ("",):
            shown = (f"{of} {figures[prefix + of]}" for of in FIGURES)
            print(f"{name}, {prefix.strip('_') or 'anatomies'}:", ", ".join(shown))


if __name__ == "__main__":
    main()
