"""A training holds no more of a large archive in memory than of a small one, and learns the same as if it held all."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from sonolucent.beamform import ImagingSettings
from sonolucent.nn import load_model
from sonolucent.nn.training import train
from sonolucent.stream.offline.model_training import train_model
from sonolucent.stream.offline.training_archive import list_frames
from sonolucent.stream.offline.training_data import load

Record = Callable[..., Path]
_FLAT_BYTES = 1 << 20
"""Image and looks of three frames."""


def peak_bytes(act: Callable[[], object]) -> int:
    """The most that NumPy and Python had at a time while something was done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class Enough(Exception):
    """The training is over; what is written of it has no part in this."""


def enough(step: int, n_steps: int, curve: object) -> None:
    if step == n_steps:
        raise Enough


def test_memory_does_not_grow_with_the_archive(record: Record, tmp_path: Path) -> None:
    recordings, apart = [str(record(f"{i}.h5")) for i in range(16)], [str(record("apart.h5"))]

    def from_disk(n: int) -> None:
        with pytest.raises(Enough):
            train_model(recordings[:n], tmp_path / f"{n}", apart=apart, steps=1, device="cpu", progress=enough)

    def in_memory(n: int) -> None:
        archive = list_frames(recordings[:n], ImagingSettings())
        data = load(archive, archive.frames, imaging=ImagingSettings())
        train(data.frames, data.grid, steps=1)

    in_memory(1)  # compiles and imports
    few, many = 8, 16  # already the few outweigh the beamformer's plan, whose size is the processor's
    assert peak_bytes(lambda: from_disk(many)) < peak_bytes(lambda: from_disk(few)) + _FLAT_BYTES
    assert peak_bytes(lambda: in_memory(many)) > peak_bytes(lambda: in_memory(few)) + 5 * _FLAT_BYTES


def test_the_weights_are_those_of_a_training_that_holds_all_frames(record: Record, tmp_path: Path) -> None:
    ours, apart = str(record()), str(record("apart.h5"))
    train_model([ours], tmp_path / "own", apart=[apart], steps=6, device="cpu")
    archive = list_frames([ours, apart], ImagingSettings())
    data = load(archive, archive.frames, imaging=ImagingSettings())
    in_memory = train(data.frames[:4], data.grid, held_out=data.frames[4:], steps=6)
    found = load_model(tmp_path / "own").unet.state_dict()
    torch.testing.assert_close(found, in_memory.network.state_dict(), rtol=0, atol=0)
