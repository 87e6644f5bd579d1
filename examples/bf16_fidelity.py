"""What bf16 pointwise convolutions change in the images of a light model, on held-out phantoms of cysts.

    python examples/bf16_fidelity.py                 # the shipped light model, 8 phantoms, a minute
    python examples/bf16_fidelity.py MODEL [N]       # a model folder, N phantoms

A processor without instructions for bf16 emulates them: the images are the same, to the rounding of the last bits.
"""

import sys
from pathlib import Path

import numpy as np

from sonolucent.nn import SHIPPED_MODELS, Enhancer, evaluate

FIGURES = ("cnr", "gcnr", "ssim", "error_db", "wire_peak_db", "wire_width_mm")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SHIPPED_MODELS / "light-quadrant"
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    single, rounded = Enhancer(folder), Enhancer(folder, backend="fused-bf16")
    scanner, rows, differences = evaluate.PhantomScanner(evaluate.CONDITIONS["reference"]), [], []
    for seed in evaluate.HELD_OUT[:n]:
        scene = scanner.scene("cysts", seed)
        images = single(scene.plain_db), rounded(scene.plain_db)
        rows.append([evaluate.cyst_figures(image, scene) for image in images])
        differences.append((images[1] - images[0]) / evaluate.DYNAMIC_RANGE_DB)
    changes = [{name: after[name] - before[name] for name in FIGURES} for before, after in rows]
    before, after, change = (evaluate.estimates(of) for of in (*map(list, zip(*rows, strict=True)), changes))
    print(f"| | {single.backend} | {rounded.backend} | difference |\n|---|---|---|---|")
    for name in FIGURES:
        print(f"| {name} | {before[name].mean:.4f} | {after[name].mean:.4f} | {change[name]} |")
    pixels = np.stack(differences)
    print(f"\npixels, of grey 0..1: {np.sqrt(np.mean(pixels**2)):.1e} rms, {np.abs(pixels).max():.1e} at most")


if __name__ == "__main__":
    main()
