"""A trained network as its images are shown: matched to the speckle grain that it knows."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from sonolucent.nn.images import denormalized, normalized
from sonolucent.nn.inference.grain_matching import match
from sonolucent.nn.inference.image_grain import ImageGrain
from sonolucent.nn.inference.resampling import Resampler
from sonolucent.nn.model_folder import Model
from sonolucent.nn.speckle_grain import SpeckleGrain


class AsShown(nn.Module):
    """What `Enhancer` makes of images with a model, of a grain that is known: grey (n, 1, n_z, n_x) to the same.

    A network that is to be judged against another must be judged so: on images of another grain it does worse than
    anybody would see.

    Args:
        model: the network, and what it was trained on.
        grain: of the images; None leaves them as they are.
    """

    def __init__(self, model: Model, grain: SpeckleGrain | None) -> None:
        super().__init__()
        self.network = model.unet
        self._info, self._range_db = model.info, model.info.dynamic_range_db
        self._grain = ImageGrain("off" if grain is None else grain.both, self._range_db)

    def forward(self, grey: Tensor) -> Tensor:
        shape = grey.shape[-2], grey.shape[-1]
        inner = match(shape, self._grain, self._info.speckle_grain_px, self._info.input).inner
        if inner == shape:
            shown: Tensor = self.network(grey)
            return shown
        resampler = Resampler(shape, inner, self._range_db)
        seen, out = np.empty((len(grey), *inner), np.float32), np.empty((len(grey), *shape), np.float32)
        for image, there in zip(grey[:, 0].cpu().numpy(), seen, strict=True):
            resampler.there(denormalized(image, self._range_db), there)
        given = torch.from_numpy(normalized(seen, self._range_db))[:, None].to(grey.device)
        made = denormalized(self.network(given)[:, 0].clamp(0, 1).cpu().numpy(), self._range_db)
        for image, back in zip(made, out, strict=True):
            resampler.back(image, back)
        return torch.from_numpy(normalized(out, self._range_db))[:, None].to(grey.device)
