"""Classical enhancements from the command line: by name, and the name on every frame."""

from pathlib import Path
from typing import Any

import pytest

from sonolucent.stream import open_recording

pytestmark = pytest.mark.slow


def test_images_carry_the_filter_s_name(sonolucent: Any, small_recording: Path, tmp_path: Path) -> None:
    for name in ("median", "frequency-compound"):
        out = tmp_path / f"{name}.h5"
        ended = sonolucent("image", small_recording, out, "--enhance", name)
        assert ended.status == 0, ended.errors
        image = open_recording(out).image(0)
        assert image.model == name
        assert image.best.std() < image.bmode.std()


def test_run_filters(sonolucent: Any) -> None:
    report = sonolucent("run", "--headless", "--frames", 3, "--model", "median", "--json").report
    assert report["model"] == "median"
    assert report["frames_out"] == 3


def test_compounding_without_phase_is_refused(sonolucent: Any) -> None:
    ended = sonolucent("run", "--headless", "--frames", 1, "--model", "steering-compound")
    assert ended.status == 2
    assert "needs the complex image" in ended.errors
