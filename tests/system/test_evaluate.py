"""`sonolucent evaluate` from end to end, on as little as it takes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.slow
ONE_OF_CYSTS = ("--cysts", 1, "--tissue", 0, "--uniform", 0, "--moving", 0)
FEW = (*ONE_OF_CYSTS, "--anatomies", 0)


def test_one_phantom_of_cysts_and_one_anatomy(sonolucent: Any, tmp_path: Path) -> None:
    ended = sonolucent("evaluate", "--out", tmp_path, *ONE_OF_CYSTS, "--anatomies", 1, "--json", timeout_s=290)
    assert ended.status == 0, ended.errors
    report = ended.report
    assert report == json.loads((tmp_path / "report.json").read_text())
    assert report["held_out_seeds"] == [900, 900]
    plain, light = (
        next(row for name, row in report["simulated"].items() if name.startswith(start))
        for start in ("plain", "light-quadrant")
    )
    assert light["cnr"]["mean"] > 2 * plain["cnr"]["mean"]
    assert light["error_db"]["mean"] < plain["error_db"]["mean"]
    assert light["anatomy_error_db"]["mean"] < plain["anatomy_error_db"]["mean"]
    assert report["pictures"] == ["anatomy-900.png", "cysts.png"]
    assert (tmp_path / "anatomy-900.png").stat().st_size > 100_000
    tables = (tmp_path / "report.md").read_text()
    assert all(f"| {name} |" in tables for name in report["simulated"])
    assert np.asarray(Image.open(tmp_path / "cysts.png")).std() > 20


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--condition", "rain"), "no condition 'rain'"),
        (("--condition", "probe", "--scanner", "a.h5"), "leave out scanner"),
        (("--scanner", "a.h5"), "a.h5"),
        (("--cysts", 0), "cysts must be at least 1"),
        (("--pictures", "none.png"), "none.png: there is no such file"),
        (("--anatomies", 101), "only 100 seeds are held out"),
        (("--moving", 1), "at least two frames"),
        (("nowhere",), "nowhere"),
        (("--workers", 2), "workers has no meaning without an engine"),
        (("--engine", "slurm"), "add --workers"),
        (("--engine", "local", "--workers", 0), "workers must be at least 1"),
    ],
)
def test_wrong_options_are_refused(sonolucent: Any, tmp_path: Path, options: tuple[Any, ...], said: str) -> None:
    ended = sonolucent("evaluate", "--out", tmp_path / "out", *options)
    assert ended.status == 2
    assert said in ended.errors
    assert "Traceback" not in ended.errors


def test_the_scanner_of_a_recording_images_the_phantoms(sonolucent: Any, tmp_path: Path) -> None:
    recording = record(sonolucent, tmp_path / "own.h5", "--elements", 48, "--pitch-mm", 0.8, "--element-width-mm", 0.7)
    ended = sonolucent("evaluate", "--scanner", recording, "--out", tmp_path / "out", *FEW, "--json", timeout_s=290)
    assert ended.status == 0, ended.errors
    assert ended.report["what"] == "20 dB channel SNR, by own.h5"
    assert 0.4 < ended.report["simulated"]["plain"]["wire_width_mm"]["mean"] < 1.2


def test_a_scanner_that_does_not_see_the_cysts_is_refused(sonolucent: Any, tmp_path: Path) -> None:
    recording = record(sonolucent, tmp_path / "own.h5", "--elements", 16, "--pitch-mm", 0.8, "--element-width-mm", 0.7)
    ended = sonolucent("evaluate", "--scanner", recording, "--out", tmp_path / "out", *FEW)
    assert ended.status == 2
    assert "own.h5: images of -6.4..6" in ended.errors
    assert "too small" in ended.errors


def record(sonolucent: Any, path: Path, *options: Any) -> Path:
    assert sonolucent("simulate", path, "--frames", 1, *options).status == 0
    return path
