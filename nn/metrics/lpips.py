"""LPIPS: how different two images look to a network (Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018), version 0.1.

The network is AlexNet, trained on ImageNet, and five lines of weights learnt from people's judgements. Both are the
user's to bring, in one file.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolucent.nn.weight_files import read_weights

_CONVS = ((3, 64, 11, 4, 2), (64, 192, 5, 1, 2), (192, 384, 3, 1, 1), (384, 256, 3, 1, 1), (256, 256, 3, 1, 1))
"""Channels in and out, kernel, stride, padding of AlexNet's convolutions."""
_NAMES = (0, 3, 6, 8, 10)
"""Their places in torchvision's AlexNet."""
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Lpips(nn.Module):
    """The distance of two images (n_z, n_x), grey 0..1: 0 where they are alike.

    Args:
        weights: a file of PyTorch or safetensors with "features.0.weight" and so on, as torchvision names those of
            AlexNet, and "lin0.model.1.weight" to "lin4.model.1.weight", as the authors' file does.

    Raises:
        FitError: it cannot be read, or holds other weights.
    """

    def __init__(self, weights: Path) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(*sides) for sides in _CONVS)
        self.lines = nn.ParameterList(torch.zeros(1, sides[1], 1, 1) for sides in _CONVS)
        wanted: dict[str, Tensor] = {}
        for place, conv in zip(_NAMES, self.convs, strict=True):
            wanted |= {f"features.{place}.{kind}": tensor for kind, tensor in conv.named_parameters()}
        wanted |= {f"lin{i}.model.1.weight": line for i, line in enumerate(self.lines)}
        found = read_weights(
            weights, {name: tuple(tensor.shape) for name, tensor in wanted.items()}, "AlexNet and LPIPS"
        )
        with torch.no_grad():
            for name, tensor in wanted.items():
                tensor.copy_(found[name])
        self.eval().requires_grad_(False)

    def distance(self, image: NDArray[np.floating], truth: NDArray[np.floating], *, as_mcgill: bool = False) -> float:
        """The distance of two grey images 0..1 (n_z, n_x).

        Args:
            image, truth: compared.
            as_mcgill: the network is shown 0..255, as McGill's tables were made, in place of -1..1.
        """
        low, high = (0.0, 255.0) if as_mcgill else (-1.0, 1.0)
        shown = [
            torch.from_numpy(np.asarray(low + (high - low) * grey, np.float32)).expand(1, 3, -1, -1)
            for grey in (image, truth)
        ]
        with torch.inference_mode():
            return float(self(*shown))

    def forward(self, image: Tensor, truth: Tensor) -> Tensor:
        total = torch.zeros(())
        pairs = zip(self._features(image), self._features(truth), self.lines, strict=True)
        for seen, wanted, line in pairs:
            total = total + (line * (_unit(seen) - _unit(wanted)) ** 2).sum(dim=1).mean()
        return total

    def _features(self, image: Tensor) -> list[Tensor]:
        shift, scale = (torch.tensor(values)[None, :, None, None] for values in (_SHIFT, _SCALE))
        x, found = (image - shift) / scale, []
        for i, conv in enumerate(self.convs):
            x = F.relu(conv(F.max_pool2d(x, 3, 2) if i in (1, 2) else x))
            found.append(x)
        return found


def _unit(features: Tensor) -> Tensor:
    length: Tensor = features.norm(dim=1, keepdim=True)
    return features / (length + 1e-10)
