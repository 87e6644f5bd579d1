"""A network of grey values, wrapped for images in dB."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn


class Decibels(nn.Module):
    """A network of grey values 0..1 as one of images in dB: (n, 1, n_z, n_x) in [-dynamic_range_db, 0], float32.

    Beyond the range it clips, before and after; undefined values (NaN) count as the floor.
    """

    def __init__(self, network: nn.Module, dynamic_range_db: float, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dynamic_range_db, self.dtype = dynamic_range_db, dtype

    def forward(self, image_db: Tensor) -> Tensor:
        grey = (image_db / self.dynamic_range_db + 1).nan_to_num(0).clamp(0, 1)
        enhanced: Tensor = self.network(grey.to(self.dtype, memory_format=torch.channels_last)).float()
        return ((enhanced - 1) * self.dynamic_range_db).clamp(-self.dynamic_range_db, 0)
