"""Files that torch wrote are looked at before libtorch has them: it may end the process over damaged bytes."""

from pathlib import Path

import numpy as np
import pytest

from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.inference.torch_stage import torch_stage

from ..networks import a_network


@pytest.fixture(scope="module")
def ts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torch_stage") / "net.ts"
    write_torchscript(a_network(), path)
    return path


def test_what_is_whole_is_loaded(ts_file: Path) -> None:
    assert torch_stage(ts_file, dynamic_range_db=60.0, threads=1).backend


def test_damaged_bytes_are_refused_and_named(tmp_path: Path, ts_file: Path) -> None:
    rng, whole, path = np.random.default_rng(0), ts_file.read_bytes(), tmp_path / "damaged.ts"
    for _ in range(60):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[rng.integers(damaged.size, size=30)] ^= np.uint8(1 << rng.integers(8))
        path.write_bytes(damaged.tobytes())
        with pytest.raises(ValueError, match=r"damaged\.ts: "):
            torch_stage(path, dynamic_range_db=60.0, threads=1)


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.ts"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"text\.ts: not a network that torch wrote"):
        torch_stage(path, dynamic_range_db=60.0)
