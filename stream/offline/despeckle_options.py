"""What the suite of despeckling compares; apart, for a command line's help must not wait for torch."""

from __future__ import annotations

import msgspec


class DespecklingSuite(msgspec.Struct, frozen=True):
    """What the suite despeckle of an evaluation compares: methods that despeckle single images.

    Args:
        methods: filters (median, srad, nlm, obnlm), shipped models (light-quadrant, ...) and those that learn:
            noise2void, noise2self and self2self from each image, speckle2self from simulated phantoms.
        cysts: held-out phantoms for contrast, homogeneity, edges, and SSIM to the truth.
        anatomies: held-out phantoms with structure everywhere.
        in_vivo: pictures of the manifest, of its vessels and of its published frames each; all of them by default.
        steps: that a method may learn for; by default its own number.
        budget: seconds that it may learn for; no limit by default.
        learn_from: phantoms that speckle2self learns from, half of them anatomies.
        seed: of weights and of all that is drawn.
        device: cpu, cuda or cuda:N; auto takes a GPU where there is one.
    """

    methods: tuple[str, ...] = (
        "srad",
        "nlm",
        "obnlm",
        "light-quadrant",
        "speckle2self",
        "noise2void",
        "noise2self",
        "self2self",
    )
    cysts: int = 2
    anatomies: int = 2
    in_vivo: int | None = None
    steps: int | None = None
    budget: float | None = None
    learn_from: int = 24
    seed: int = 0
    device: str = "auto"
