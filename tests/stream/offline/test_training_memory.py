"""A training holds no more of a large archive in memory than of a small one, and learns the same as if it held all."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import torch

from sonolucent.beamform import ImagingSettings
from sonolucent.nn import load_model
from sonolucent.nn.training import train
from sonolucent.stream.offline.model_training import train_model
from sonolucent.stream.offline.training_archive import list_frames
from sonolucent.stream.offline.training_data import load

Record = Callable[..., Path]
_FLAT_BYTES = 1 << 20
"""Two frames: the image of one takes 0.2 MB, its looks 0.5."""


def peak_bytes(act: Callable[[], object]) -> int:
    """The most that NumPy and Python had at a time while something was done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_archive(record: Record, tmp_path: Path) -> None:
    recordings, apart = [str(record(f"{i}.h5")) for i in range(12)], [str(record("apart.h5"))]

    def trained(n: int, name: str) -> Callable[[], object]:
        return lambda: train_model(recordings[:n], tmp_path / name, apart=apart, steps=1, device="cpu")

    trained(1, "first")()  # compiles and imports
    few, many = peak_bytes(trained(3, "few")), peak_bytes(trained(12, "many"))
    assert many < few + _FLAT_BYTES

    def in_memory(n: int) -> None:
        archive = list_frames(recordings[:n], ImagingSettings())
        data = load(archive, archive.frames, imaging=ImagingSettings())
        train(data.frames, data.grid, steps=1)

    assert peak_bytes(lambda: in_memory(12)) > peak_bytes(lambda: in_memory(3)) + 8 * _FLAT_BYTES


def test_the_weights_are_those_of_a_training_that_holds_all_frames(record: Record, tmp_path: Path) -> None:
    ours, apart = str(record()), str(record("apart.h5"))
    train_model([ours], tmp_path / "own", apart=[apart], steps=6, device="cpu")
    archive = list_frames([ours, apart], ImagingSettings())
    data = load(archive, archive.frames, imaging=ImagingSettings())
    in_memory = train(data.frames[:4], data.grid, held_out=data.frames[4:], steps=6)
    found = load_model(tmp_path / "own").unet.state_dict()
    torch.testing.assert_close(found, in_memory.network.state_dict(), rtol=0, atol=0)
