"""Whether KernelGAN finds a kernel that is known: `python tests/campaigns/known_kernel.py [--steps N]
[--zssr-steps N] [--bicubic] [IMAGE...]`.

Images are shrunk by an anisotropic Gaussian, or with `--bicubic` bicubically: files of B-mode, simulated anatomies of
held-out seeds ("anatomy:900"), or without any a texture that looks alike at every scale. It prints the correlation of
the kernel that is found with the true one, and that of bicubic shrinking for comparison; and the PSNR in dB of bicubic
enlargement, of ZSSR, and of ZSSR with the kernel that was found and with the true one.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

sys.path.insert(0, str(Path(__file__).parents[1] / "nn" / "super_resolution"))
from dead_leaves import dead_leaves

from sonolucent.nn import Fitting, offline_method
from sonolucent.nn.evaluate import CONDITIONS, PhantomScanner
from sonolucent.nn.evaluate.super_resolution_suite import image_figures
from sonolucent.nn.images import denormalized, normalized
from sonolucent.nn.super_resolution import Zssr, found_kernel, gaussian_kernel, kernel_correlation, shrunk
from sonolucent.nn.super_resolution.blur_kernels import bicubic_kernel
from sonolucent.nn.super_resolution.zssr import KNOWN_KERNEL

WIDTHS_PX, ANGLE_RAD = (2.5, 1.0), 0.6
SIDE_PX = 384


def middle(image: NDArray[np.float32]) -> NDArray[np.float32]:
    corner = [(n - min(n, SIDE_PX)) // 2 for n in image.shape]
    cut = image[corner[0] : corner[0] + SIDE_PX, corner[1] : corner[1] + SIDE_PX]
    return cut[: cut.shape[0] // 2 * 2, : cut.shape[1] // 2 * 2]


def read(word: str) -> NDArray[np.float32]:
    kind, _, seed = word.partition(":")
    if kind == "anatomy":
        plain_db = PhantomScanner(CONDITIONS["reference"]).scene(kind, int(seed)).plain_db
        return middle(np.asarray(normalized(plain_db, 60.0), np.float32))
    return middle(np.asarray(Picture.open(word).convert("L"), np.float32) / 255)


def psnr_db(method: object, small: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    made = method(denormalized(small, 60.0))  # type: ignore[operator]
    return image_figures(np.asarray(normalized(made, 60.0), np.float32), truth)["psnr_db"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("images", nargs="*")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--zssr-steps", type=int, default=300)
    parser.add_argument("--bicubic", action="store_true")
    options = parser.parse_args()
    images = {word: read(word) for word in options.images} or {"dead leaves": dead_leaves(SIDE_PX, discs=6000)}
    true = bicubic_kernel() if options.bicubic else gaussian_kernel(WIDTHS_PX, ANGLE_RAD)
    print(f"bicubic kernel: correlation {kernel_correlation(bicubic_kernel(), true):.3f}")
    fitting = Fitting(steps=options.steps)
    for name, truth in images.items():
        small = shrunk(truth, true, 2)
        begun = time.process_time()
        found = found_kernel([small], fitting)
        told = f"{kernel_correlation(found, true):.3f} in {time.process_time() - begun:.0f} s of the processor"
        print(f"{name}: correlation {told}", flush=True)
        methods = {
            "bicubic": offline_method("bicubic"),
            "zssr": offline_method("zssr"),
            "kernel found": Zssr(kernel=found, settings=KNOWN_KERNEL),
            "kernel true": Zssr(kernel=true, settings=KNOWN_KERNEL),
        }
        for method in methods.values():
            method.fit([denormalized(small, 60.0)], Fitting(steps=options.zssr_steps))
        print("  PSNR: " + ", ".join(f"{k} {psnr_db(m, small, truth):.2f}" for k, m in methods.items()), flush=True)


if __name__ == "__main__":
    main()
