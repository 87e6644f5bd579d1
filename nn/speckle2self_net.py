"""The network of Speckle2Self (Li et al. 2025), and a B-mode image through it.

Three things are other than in its authors' program, where an image is the envelope, brought to 0..1. What lies 20 dB
below the brightest spot is next to nothing there, so that short trainings see bright spots alone: here the network sees
decibels. Every layer normalises, the last one too, so that every output has the same variance: here images are brought
to mean 0 and variance 1 as well, or the loss would mostly be of that difference. And the last layer is not rectified,
which would cut whole regions off at zero. The parameters are the same.

Levels are lost in all of that: `calibrated` gives them back, from each image anew.

A network that goes down by 16 sees every pixel from one of 256 places, and makes something else of it from each: a
fine lattice lies over what it shows. So an image is shown at eight places, and the mean is taken (cycle spinning,
Coifman and Donoho 1995).
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolucent.nn.image_methods import RANGE_DB
from sonolucent.nn.images import BMode

STRIDE = 16
_WIDTHS = (32, 64, 128, 256)
_LEVELS = 256
_PLACES = ((0, 0), (2, 7), (5, 12), (7, 3), (8, 10), (10, 13), (13, 6), (15, 9))
"""Rows and columns that an image is moved by; of each parity as many, for the lattice is finest and strongest there."""
_LEAST = 2 * STRIDE
"""Rows and columns of an image that the deepest level has more than one pixel of, which alone has no variance."""


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
    """What `seen` gives (n, 1, n_z, n_x), multiples of 16, to features (n, 256, n_z / 16, n_x / 16)."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in zip((1, *_WIDTHS), _WIDTHS, strict=False):
            layers += [*_normalised(nn.Conv2d(n_in, n_out, 3, stride=2, padding=1)), Residual(n_out)]
        super().__init__(*layers)


class Decoder(nn.Sequential):
    """Features to an image without speckle, on a scale of its own."""

    def __init__(self) -> None:
        layers: list[nn.Module] = []
        for n_in, n_out in zip(reversed(_WIDTHS), (*reversed(_WIDTHS[:-1]), 1), strict=True):
            up = nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
            layers += [Residual(n_in), *_normalised(up)]
        super().__init__(*layers[:-1])


class Speckle2SelfNet(nn.Module):
    """What is used after the training: 1 955 520 parameters of an encoder and 1 955 265 of the decoder (15.6 MB)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, image: Tensor) -> Tensor:
        """What `seen` gives (n, 1, n_z, n_x), sizes multiples of 16, to an image of the same shape, on that scale."""
        result: Tensor = self.decoder(self.encoder(image))
        return result


def envelope_of(image_db: BMode) -> NDArray[np.float32]:
    """The envelope of a B-mode image in dB, relative to 0 dB."""
    return np.asarray(10 ** (image_db.astype(np.float32) / 20), np.float32)


def despeckled(network: Speckle2SelfNet, image_db: BMode) -> BMode:
    """A B-mode image in dB (n_z, n_x), despeckled: through the network as an envelope at every place, each time back to
    its own levels, and the mean of that."""
    return np.asarray(np.mean([at_place(network, image_db, place) for place in _PLACES], axis=0), np.float32)


def at_place(network: Speckle2SelfNet, image_db: BMode, place: tuple[int, int] = (0, 0)) -> BMode:
    """The same of an image that lies `place` rows and columns further on, 0..15, than the network's first pixel."""
    n_z, n_x = image_db.shape
    around = [(near, _padded_size(n) - n - near) for near, n in zip(place, image_db.shape, strict=True)]
    envelope = torch.from_numpy(envelope_of(np.pad(image_db, around, mode="symmetric")))[None, None]
    device = next(network.parameters()).device
    with torch.inference_mode():
        output = network(seen(envelope).to(device))[0, 0].cpu().numpy()
    return calibrated(output[place[0] : place[0] + n_z, place[1] : place[1] + n_x], image_db)


def _padded_size(n: int) -> int:
    """A multiple of the stride that holds n pixels at any place."""
    return max(_LEAST, -(-(n + STRIDE - 1) // STRIDE) * STRIDE)


def calibrated(output: NDArray[np.float32], image_db: BMode) -> BMode:
    """The network's output on the image's dB scale, by the rising function of it that fits the image best."""
    from scipy.optimize import isotonic_regression  # late: live stages import this module, and use other networks

    order = np.argsort(output, axis=None)
    groups = np.array_split(order, min(_LEVELS, order.size))
    given = np.array([output.ravel()[group].mean() for group in groups])
    wanted = isotonic_regression([image_db.ravel()[group].mean() for group in groups]).x
    return np.asarray(np.interp(output, given, wanted), np.float32)


def seen(envelope: Tensor) -> Tensor:
    """Each image of (n, 1, n_z, n_x) in decibels, down to -60, brought to mean 0 and variance 1."""
    image_db = 20 * torch.log10(envelope.clamp(min=10 ** (-RANGE_DB / 20)))
    mean, deviation = image_db.mean((2, 3), keepdim=True), image_db.std((2, 3), keepdim=True, correction=0)
    return (image_db - mean) / deviation.clamp(min=1e-6)


def _normalised(conv: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, ...]:
    return conv, nn.InstanceNorm2d(conv.out_channels), nn.ReLU()
