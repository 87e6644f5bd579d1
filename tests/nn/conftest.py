"""What tests of networks share; it can be imported without torch, and what needs it says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sonolucent.nn.model_folder import save_model


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from .networks import a_network, an_info

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
