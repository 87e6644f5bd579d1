"""What the suite of super-resolution compares; apart, for a command line's help must not wait for torch."""

from __future__ import annotations

from pathlib import Path

import msgspec


class SuperResolutionSuite(msgspec.Struct, frozen=True):
    """What the suite sr of an evaluation compares.

    Args:
        methods: of those that enlarge images (docs/how-to/super-resolution.md).
        degradations: how images are made small: m1, m2, m3.
        scales: 2, 4.
        simulated: held-out simulated anatomies.
        in_vivo: pictures of the manifest, its vessels first; all of them by default.
        crop: pixels to a side of the middle of each image that is taken; all of it by default.
        steps: that each part of a method may learn for; by default as many as its authors published.
        budget: seconds that a method may learn for; no limit by default.
        seed: of weights and of all that is drawn.
        device: cpu, cuda or cuda:N; auto takes a GPU where there is one.
        vgg: weights of VGG19, as torchvision names them.
        lpips: weights of AlexNet, as torchvision names them, with the lines of LPIPS (lin0.model.1.weight ...).
    """

    methods: tuple[str, ...] = ("bicubic", "zssr", "model1")
    degradations: tuple[str, ...] = ("m1", "m2", "m3")
    scales: tuple[int, ...] = (2,)
    simulated: int = 2
    in_vivo: int | None = None
    crop: int | None = None
    steps: int | None = None
    budget: float | None = None
    seed: int = 0
    device: str = "auto"
    vgg: Path | None = None
    lpips: Path | None = None
