"""Chooses the strengths of the classical filters, on phantoms that no figure is reported from.

    python examples/choose_filters.py

The rule: the least dB error to the truth among settings that keep the edge rise of anechoic cysts within 0.6 mm.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import tyro

from sonolucent.nn import Filter, evaluate, metrics, nlm, obnlm, srad

LARGEST_EDGE_RISE_MM = 0.6


def main(n_phantoms: int = 4) -> None:
    """Prints the error and the edge rise of every setting.

    Args:
        n_phantoms: of cysts.
    """
    scanner = evaluate.PhantomScanner(evaluate.CONDITIONS["reference"])
    scenes = [scanner.scene("cysts", seed) for seed in evaluate.CHOOSING[:n_phantoms]]
    print(f"{'setting':<16}{'error dB':>10}{'edge mm':>10}")
    for name, apply in settings():
        images = [apply(scene.plain_db) for scene in scenes]
        pairs = list(zip(images, scenes, strict=True))
        error_db = np.mean([evaluate.truth_figures(image, scene)["error_db"] for image, scene in pairs])
        profile = np.mean([evaluate.edge_profile(image, scene) for image, scene in pairs], axis=0)
        rise_mm = 1e3 * metrics.edge_rise_m(evaluate.EDGE_OFFSETS_M, profile)
        print(
            f"{name:<16}{error_db:>10.2f}{rise_mm:>10.3f}{'' if rise_mm <= LARGEST_EDGE_RISE_MM else '  too blurred'}"
        )


def settings() -> Iterator[tuple[str, Filter]]:
    """Names and filters, from weak to strong."""
    for iterations in (40, 60, 80, 100):
        yield f"srad {iterations}", partial(srad, iterations=iterations)
    for strength_db in (7.0, 8.0, 9.0):
        yield f"nlm {strength_db:g}", partial(nlm, strength_db=strength_db)
    for strength in (12.0, 14.0, 16.0):
        yield f"obnlm {strength:g}", partial(obnlm, strength=strength)


if __name__ == "__main__":
    tyro.cli(main)
