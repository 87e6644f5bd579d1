"""The simulated scanner: what it can be asked for, and how its loops are kept."""

import errno
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image

from sonolucent.stream.errors import ConfigError
from sonolucent.stream.sources import simulated
from sonolucent.stream.sources.simulated import _cached_name, cached_loop, require_phantom


def test_a_phantom_that_is_not_there_is_refused_with_what_there_is() -> None:
    require_phantom("anatomy")
    with pytest.raises(ConfigError, match=r"no phantom named 'kidney'; .*anatomy.*picture:FILE"):
        require_phantom("kidney")
    with pytest.raises(ConfigError, match=r"none\.png: there is no such file"):
        require_phantom("picture:none.png")


def test_the_loop_of_a_picture_is_kept_by_its_content_and_scale(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.full((20, 20), 90, np.uint8)).save(path)
    plain, wide = _cached_name(f"picture:{path}"), _cached_name(f"picture:{path}:60")
    Image.fromarray(np.full((20, 20), 120, np.uint8)).save(path)
    assert len({plain, wide, _cached_name(f"picture:{path}")}) == 3
    assert "/" not in plain
    assert _cached_name("anatomy") == "anatomy"


def test_a_cache_that_is_full_costs_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    frames = [np.ones((2, 2, 5), np.int16), np.zeros((2, 2, 5), np.int16)]

    def save_half(file: IO[bytes], values: object) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(simulated, "simulate_frames", lambda *_: iter(frames))
    monkeypatch.setattr(np, "save", save_half)
    assert np.array_equal(cached_loop("moving", 1), frames)
    assert "No space left on device; every start simulates anew" in caplog.text
    assert list((tmp_path / "sonolucent").iterdir()) == []
