"""Speckle2Self (Li et al. 2025): three scales of one image, whose speckle differs and whose tissue is the same.

One encoder a scale, one decoder for all; each reconstructs its own scale while the three are held together. The last
layer normalises, so that levels are lost: `calibrated` gives them back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from torch import Tensor, nn

STRIDE = 16
_WIDTHS = (32, 64, 128, 256)
_SCALES = (1, 2, 4)
_LEVELS = 256


class Residual(nn.Module):
    """x + two convolutions of it, normalised."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_normalised(nn.Conv2d(width, width, 3, padding=1)),
            nn.Conv2d(width, width, 3, padding=1),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x + self.layers(x)
        return result


class Encoder(nn.Sequential):
    """Envelope (n, 1, n_z, n_x), multiples of 16, to features (n, 256, n_z / 16, n_x / 16)."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *_WIDTHS), _WIDTHS, strict=False):
            layers += [*_normalised(nn.Conv2d(n_in, n_out, 3, stride=2, padding=1)), Residual(n_out)]
        super().__init__(*layers)


class Decoder(nn.Sequential):
    """Features to an image without speckle, of a level of its own."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in zip(reversed(_WIDTHS), (*reversed(_WIDTHS[:-1]), 1), strict=True):
            up = nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
            layers += [Residual(n_in), *_normalised(up)]
        super().__init__(*layers)


class Speckle2SelfNet(nn.Module):
    """Three encoders of 1 955 520 parameters and one decoder of 1 955 265; in use, only the first encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoders = nn.ModuleList(Encoder() for _ in _SCALES)
        self.decoder = Decoder()

    def forward(self, image: Tensor) -> Tensor:
        result: Tensor = self.decoder(self.encoders[0](image))
        return result

    def loss(self, scales: Sequence[Tensor]) -> Tensor:
        """Reconstruction of each scale (squared error) and the differences of the three (absolute), weighted alike."""
        outputs = [self.decoder(encoder(scale)) for encoder, scale in zip(self.encoders, scales, strict=True)]
        return reconstruction_loss(outputs, scales) + consistency_loss(outputs)


def reconstruction_loss(outputs: Sequence[Tensor], scales: Sequence[Tensor]) -> Tensor:
    """The sum over the scales of the mean squared error."""
    return torch.stack([F.mse_loss(output, scale) for output, scale in zip(outputs, scales, strict=True)]).sum()


def consistency_loss(outputs: Sequence[Tensor]) -> Tensor:
    """The sum over the pairs of outputs of the mean absolute difference."""
    fine, middle, coarse = outputs
    return F.l1_loss(fine, coarse) + F.l1_loss(fine, middle) + F.l1_loss(coarse, middle)


def scales_of(image: Tensor) -> list[Tensor]:
    """The envelope (n, 1, n_z, n_x) at full, half and quarter resolution, on its own pixels, each image 0..1."""
    size = image.shape[-2:]
    scales = [image]
    for factor in _SCALES[1:]:
        small = F.interpolate(image, (size[0] // factor, size[1] // factor), mode="bilinear", align_corners=False)
        scales.append(F.interpolate(small, size, mode="bilinear", align_corners=False))
    return [_unit_range(scale) for scale in scales]


def train_speckle2self(
    envelopes: Sequence[NDArray[np.float32]],
    *,
    steps: int,
    crop: int = 256,
    batch: int = 4,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[int, float], None] = lambda step, loss: None,
) -> Speckle2SelfNet:
    """Trains on envelopes (n_z, n_x), by random crops and flips; Adam at 1e-3 with beta (0.5, 0.999).

    The paper's turns, shifts and changes of size are left out: they would tilt the speckle's grain on our pixels.

    Raises:
        ValueError: no envelopes, or one smaller than the crop.
    """
    if not envelopes or min(min(envelope.shape) for envelope in envelopes) < crop:
        raise ValueError(f"Speckle2Self needs envelopes of at least {crop} x {crop} pixels")
    rng = np.random.default_rng(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = Speckle2SelfNet().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999))
    for step in range(1, steps + 1):
        crops = np.stack([_crop(envelopes[int(rng.integers(len(envelopes)))], crop, rng) for _ in range(batch)])
        loss = network.loss(scales_of(torch.from_numpy(crops)[:, None].to(device)))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        progress(step, loss.item())
    return network.eval()


def speckle2self(network: Speckle2SelfNet, image_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """A B-mode image in dB (n_z, n_x), despeckled: through the network as an envelope, and back to its own levels."""
    n_z, n_x = image_db.shape
    padded = np.pad(image_db, [(0, -n % STRIDE) for n in image_db.shape], mode="symmetric")
    envelope = torch.from_numpy(10 ** (padded.astype(np.float32) / 20))[None, None]
    device = next(network.parameters()).device
    with torch.inference_mode():
        output = network(_unit_range(envelope).to(device))[0, 0, :n_z, :n_x].clamp(0, 1).cpu().numpy()
    return calibrated(output, image_db)


def calibrated(output: NDArray[np.float32], image_db: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's output on the image's dB scale, by the rising function of it that fits the image best."""
    order = np.argsort(output, axis=None)
    groups = np.array_split(order, min(_LEVELS, order.size))
    given = np.array([output.ravel()[group].mean() for group in groups])
    wanted = isotonic_regression([image_db.ravel()[group].mean() for group in groups]).x
    return np.asarray(np.interp(output, given, wanted), np.float32)


def _crop(envelope: NDArray[np.float32], size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    z, x = (int(rng.integers(n - size + 1)) for n in envelope.shape)
    crop = envelope[z : z + size, x : x + size]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop, dtype=np.float32)


def _unit_range(image: Tensor) -> Tensor:
    low, high = image.amin((2, 3), keepdim=True), image.amax((2, 3), keepdim=True)
    return (image - low) / (high - low).clamp(min=1e-12)


def _normalised(conv: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, ...]:
    return conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU()
