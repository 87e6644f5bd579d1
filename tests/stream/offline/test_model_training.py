"""From recordings to a model folder by a library call."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sonolucent.nn import load_model
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.model_training import train_model

Record = Callable[..., Path]


def test_a_recording_becomes_a_model_folder_and_says_how_it_went(record: Record, tmp_path: Path) -> None:
    ready: list[str] = []
    steps: list[tuple[int, int]] = []
    trained = train_model(
        [str(record())],
        tmp_path / "own",
        steps=2,
        device="cpu",
        beamformed=ready.append,
        progress=lambda step, n_steps, curve: steps.append((step, n_steps)),
    )
    model = load_model(tmp_path / "own")
    assert model.info == trained.info
    assert model.id.startswith("own@")
    assert trained.facts["frames"] == "4 and 0 held out"
    assert [name.rpartition("/")[2] for name in ready] == [f"noise.h5 frame {i}" for i in range(4)]
    assert steps == [(1, 2), (2, 2)]
    with pytest.raises(ConfigError, match="holds a model already"):
        train_model([str(record("other.h5"))], tmp_path / "own")


def test_a_device_that_is_none_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none of auto, cpu, cuda"):
        train_model(["missing.h5"], tmp_path / "own", device="gpu")
    assert not (tmp_path / "own").exists()


def test_recordings_held_out_judge_the_model_and_are_not_trained_on(record: Record, tmp_path: Path) -> None:
    ours, apart = str(record()), str(record("apart.h5"))
    trained = train_model([ours], tmp_path / "own", apart=[apart], begin_with="light-quadrant", steps=2, device="cpu")
    assert trained.facts["frames"] == "4 and 4 held out"
    assert trained.comparison is not None
    assert trained.comparison.before_db > 0
    with pytest.raises(ConfigError, match="cannot be both trained on and held out"):
        train_model([ours], tmp_path / "other", apart=[ours])
