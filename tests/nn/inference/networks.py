"""Networks of any width and depth, images for them, and what eager torch and the native stage make of those."""

import numpy as np
import torch

from sonolucent._core import InferenceStage
from sonolucent.nn.unet import UNet

RANGE_DB = 60.0
SHAPES = [(17, 17), (16, 17), (9, 300), (300, 9), (31, 37), (48, 40), (97, 101), (40, 331), (65, 256), (113, 211)]


def a_unet(base_channels: int, depth: int, *, separable: bool = True, bias: bool = True, affine: bool = True) -> UNet:
    """Random weights; every fifth gamma is zero, every seventh tiny, and half of the others are negative."""
    torch.manual_seed(base_channels + 100 * depth)
    network = UNet(base_channels, separable=separable, bias=bias, affine=affine, depth=depth).eval()
    torch.nn.init.normal_(network.head.weight, std=0.1)
    for module in network.modules():
        if isinstance(module, torch.nn.InstanceNorm2d) and affine:
            torch.nn.init.normal_(module.weight)
            torch.nn.init.normal_(module.bias)
            with torch.no_grad():
                module.weight[::5], module.weight[1::7] = 0.0, 1e-7
    return network


def speckle_db(*shape: int, seed: int = 0) -> np.ndarray:
    envelope = np.random.default_rng(seed).rayleigh(0.1, shape)
    return np.maximum(20 * np.log10(envelope), -RANGE_DB).astype(np.float32)


def eager(network: UNet, image_db: np.ndarray) -> np.ndarray:
    """Grey values 0..1."""
    with torch.inference_mode():
        grey = network((torch.from_numpy(image_db)[None, None] / RANGE_DB + 1).clamp(0, 1))
    return grey[0, 0].clamp(0, 1).numpy()


def enhanced(stage: InferenceStage, image_db: np.ndarray) -> np.ndarray:
    """Grey values 0..1."""
    out = np.empty_like(image_db)
    stage.run(image_db, out)
    return out / RANGE_DB + 1
