"""Speckle2Self (Li et al. 2025): three scales of one image, whose speckle differs and whose tissue is the same.

One encoder a scale, one decoder for all; each reconstructs its own scale while the three are held together. Its authors
took batches of 16 envelopes of 512 x 512 pixels, for some 2900 passes over their data.

Their turns, shifts and changes of size are left out: they would tilt the speckle's grain on our pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolucent.nn.crops import cropped, require_large
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import Cost, FitError, Fitting
from sonolucent.nn.images import BMode
from sonolucent.nn.speckle2self_net import (
    STRIDE,
    Decoder,
    Encoder,
    Speckle2SelfNet,
    despeckled,
    envelope_of,
    seen,
)

STEPS = 1000
"""Our own number: ten minutes on a core."""
_CROP, _BATCH = {"cpu": 128, "cuda": 256}, {"cpu": 2, "cuda": 16}
_LEAST_PX = 64
_RATE, _BETAS = 1e-3, (0.5, 0.999)
_SCALES = (1, 2, 4)


class ThreeScales(nn.Module):
    """What is trained: an encoder for each scale, and one decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(Encoder() for _ in _SCALES)
        self.decoder = Decoder()

    def loss(self, scales: Sequence[Tensor]) -> Tensor:
        """Reconstruction of each scale (squared error) and the differences of the three (absolute), weighted alike."""
        outputs = [self.decoder(encoder(scale)) for encoder, scale in zip(self.encoders, scales, strict=True)]
        return reconstruction_loss(outputs, scales) + consistency_loss(outputs)

    def in_use(self) -> Speckle2SelfNet:
        """The encoder of the full scale, and the decoder; on the CPU, in evaluation mode."""
        network = Speckle2SelfNet()
        network.encoder.load_state_dict(self.encoders[0].state_dict())
        network.decoder.load_state_dict(self.decoder.state_dict())
        return network.eval()


def reconstruction_loss(outputs: Sequence[Tensor], scales: Sequence[Tensor]) -> Tensor:
    """The sum over the scales of the mean squared error."""
    return torch.stack([F.mse_loss(output, scale) for output, scale in zip(outputs, scales, strict=True)]).sum()


def consistency_loss(outputs: Sequence[Tensor]) -> Tensor:
    """The sum over the pairs of outputs of the mean absolute difference."""
    fine, middle, coarse = outputs
    return F.l1_loss(fine, coarse) + F.l1_loss(fine, middle) + F.l1_loss(coarse, middle)


def scales_of(image: Tensor) -> list[Tensor]:
    """The envelope (n, 1, n_z, n_x) at full, half and quarter resolution, on its own pixels, as the network sees it."""
    size = image.shape[-2:]
    scales = [image]
    for factor in _SCALES[1:]:
        small = F.interpolate(image, (size[0] // factor, size[1] // factor), mode="bilinear", align_corners=False)
        scales.append(F.interpolate(small, size, mode="bilinear", align_corners=False))
    return [seen(scale) for scale in scales]


class Speckle2Self:
    """See `ImageMethod`. It learns from others: `fit` takes images of the kind that it is to despeckle.

    Attributes:
        network: what it has learnt.
        n_steps: in how many steps, those before a kill among them.
    """

    cost: Cost = "offline"
    learns_from: Literal["others"] = "others"

    def __init__(self, scale: int = 1) -> None:
        self.name, self.scale = "speckle2self", scale
        self.network: Speckle2SelfNet | None = None
        self.n_steps = 0

    def fit(self, images_db: Sequence[BMode], fitting: Fitting) -> None:
        """As `ImageMethod`; 1000 steps by default."""
        envelopes = [envelope_of(image) for image in images_db]
        require_large(envelopes, _LEAST_PX)
        learner = _Learner(envelopes, fitting)
        settings = (self.name, fitting.seed, learner.n_steps)
        self.n_steps = fit(learner, self.name, learner.n_steps, fitting, plan_of(envelopes, *settings))
        self.network = learner.network.in_use().to(fitting.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(self, image_db: BMode) -> BMode:
        """As `ImageMethod`."""
        if self.network is None:
            raise FitError(f"{self.name} learns from other images first; call fit")
        return despeckled(self.network, image_db)


class _Learner(NetworkLearner):
    network: ThreeScales

    def __init__(self, envelopes: list[NDArray[np.float32]], fitting: Fitting) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._envelopes, self._device = envelopes, torch.device(fitting.device)
        smallest = min(min(envelope.shape) for envelope in envelopes)
        self._crop = min(_CROP[self._device.type], smallest) // STRIDE * STRIDE
        self.network = seeded(ThreeScales, fitting.seed, fitting.device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE, betas=_BETAS)

    def step(self, number: int, rng: np.random.Generator) -> float:
        crops = np.stack([self._crop_of(rng) for _ in range(_BATCH[self._device.type])])[:, None]
        return descend(self.network.loss(scales_of(torch.from_numpy(crops).to(self._device))), self.optimizer)

    def _crop_of(self, rng: np.random.Generator) -> NDArray[np.float32]:
        crop = cropped(self._envelopes[int(rng.integers(len(self._envelopes)))], self._crop, rng)
        return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)
