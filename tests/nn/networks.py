"""Networks to test with: small, random, and not the identity. They need torch."""

from pathlib import Path

import torch

from sonolucent.nn.model_folder import ModelInfo, Provenance, save_model
from sonolucent.nn.unet import LightUNet, UNet
from sonolucent.nn.unet_layout import Layout

TINY = Layout(2, separable=False, bias=False, depth=1)


def a_network() -> LightUNet:
    """A light network that is not the identity: a head as large as a trained one's."""
    torch.manual_seed(3)
    network = LightUNet().eval()
    torch.nn.init.normal_(network.head.weight, std=0.05)
    return network


class TinyUNet(UNet):
    """One level below the first and no fused kernels: compiling it takes seconds."""

    def __init__(self) -> None:
        super().__init__(**TINY._asdict())


def a_tiny_folder(path: Path, seed: int = 0) -> Path:
    """A model folder; it loads where `NETWORKS["full"]` is `TinyUNet`, and `LAYOUTS["full"]` `TINY`."""
    torch.manual_seed(seed)
    network = TinyUNet().eval()
    torch.nn.init.normal_(network.head.weight, std=0.2)
    save_model(path, network, an_info(kind="full"))
    return path


def an_info(**changes: object) -> ModelInfo:
    return ModelInfo(
        **{"name": "random", "kind": "light", "training": Provenance("none", "random weights", 0, 3), **changes}
    )
