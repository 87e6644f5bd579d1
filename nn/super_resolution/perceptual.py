"""Layers of VGG19 (Simonyan and Zisserman 2015), for methods that compare what it makes of images.

Its weights were trained on ImageNet, and are the user's to bring. Without them the term is left out, and a warning says
so once.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from sonolucent.nn.weight_files import read_weights

_log = logging.getLogger(__name__)
_WIDTHS = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512, 512, 512, 512)
"""Of VGG19's convolutions; 0 is a pool by two."""


def vgg19(n_layers: int, weights: Path | None, method: str) -> nn.Sequential | None:
    """The first layers of VGG19's features, for images (n, 3, n_z, n_x); None without weights, with a warning.

    Args:
        n_layers: 4 are up to the second convolution's ReLU, 28 to the last of the fourth block's convolutions.
        weights: a file of PyTorch or safetensors, with torchvision's names: "features.0.weight" and so on.
        method: what the warning names.

    Raises:
        FitError: the file cannot be read, or holds other weights.
    """
    if weights is None:
        tell_missing(method)
        return None
    network = nn.Sequential(*_layers()[:n_layers])
    names = {name: f"features.{name}" for name in network.state_dict()}
    shapes = {names[name]: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    found = read_weights(weights, shapes, "VGG19")
    network.load_state_dict({name: found[full] for name, full in names.items()})
    return network.eval().requires_grad_(False)


@functools.lru_cache(maxsize=64)
def tell_missing(method: str) -> None:
    """Warns, once a method."""
    _log.warning("%s: without --vgg FILE, the weights of VGG19, its perceptual term is left out", method)


def _layers() -> Sequence[nn.Module]:
    layers: list[nn.Module] = []
    n_in = 3
    for width in _WIDTHS:
        if width == 0:
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(n_in, width, 3, padding=1), nn.ReLU()]
        n_in = width
    return layers
