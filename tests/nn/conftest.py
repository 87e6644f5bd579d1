from collections.abc import Iterator
from pathlib import Path

import pytest
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


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "random"
    save_model(folder, a_network(), an_info())
    return folder


@pytest.fixture(scope="session")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True, scope="module")
def _own_cache(_cache: Path) -> Iterator[None]:
    """Tests of networks leave the user's cache alone, and other tests the cache that they find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(_cache))
        yield
