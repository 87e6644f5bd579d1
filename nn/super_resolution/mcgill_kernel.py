"""McGill Model2 (Thapliyal): KernelGAN without constraints, then Model1's network on images shrunk by its kernel.

Three faults of the project's program are mended, as far as its description tells of them:

- it trained one generator and took the kernel of another, which had never been trained;
- between images neither the generator nor the network began anew;
- the discriminator's output went through a sigmoid twice.

The kernel is read with the weights normalised as the generator uses them; `cleaned` makes its sum one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch.nn.functional as F

from sonolucent.nn.image_methods import RANGE_DB, Cost, Fitting
from sonolucent.nn.images import BMode, normalized
from sonolucent.nn.super_resolution.blur_kernels import BlurKernel
from sonolucent.nn.super_resolution.kernel_gan import Adversary, found_kernel
from sonolucent.nn.super_resolution.mcgill import McGillNet, doubled_by, fit_doublings

UNCONSTRAINED = Adversary(loss=F.binary_cross_entropy, shaped=False, spectral=True, crop=96, noise=30 / 255)


class McGillModel2:
    """See `ImageMethod`."""

    cost: Cost = "offline"
    learns_from: Literal["the image"] = "the image"

    def __init__(self, scale: int = 2) -> None:
        self.name, self.scale = "model2" if scale == 2 else f"model2-x{scale}", scale
        self.kernel: BlurKernel | None = None
        self._networks: list[McGillNet] = []

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 3000 steps for the kernel, 1500 for each doubling."""
        images = [normalized(image, RANGE_DB).astype(np.float32) for image in images_db]
        self.kernel = found_kernel(images, fitting.part("kernel", 0.5), UNCONSTRAINED, "model2's kernel")
        self._networks = fit_doublings(self.name, images_db, self.scale, fitting.part("known", 0.5), self.kernel)

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        return doubled_by(self.name, self._networks, image_db)
