"""The suite of super-resolution as a command: report, tables, pictures, and options that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from sonolucent.stream.commands.evaluate import main
from sonolucent.stream.errors import ConfigError, OutputError


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one picture of a vessel."""
    rng = np.random.default_rng(0)
    z, x = np.mgrid[:80, :90]
    grey = 120 + 60 * np.sin(z / 9) * np.cos(x / 11) + rng.normal(0, 4, (80, 90))
    Picture.fromarray(grey.clip(0, 255).astype(np.uint8)).save(tmp_path / "vessel.png")
    box = "{ rows = [0, 9], columns = [0, 9] }"
    (tmp_path / "evaluation.toml").write_text(f'[[vessels]]\nfile = "vessel.png"\nlumen = {box}\ntissue = {box}\n')
    return tmp_path


def _command(data: Path, *options: str) -> list[str]:
    return ["--suite", "sr", "--out", str(data / "out"), "--data", str(data), "--sr.simulated", "0", *options]


def test_the_suite_writes_tables_figures_and_pictures(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = _command(data, "--sr.methods", "bicubic", "zssr", "--sr.steps", "2", "--sr.degradations", "m1", "m3")
    assert main([*command, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["images"] == {"simulated": [], "in vivo": ["vessel"]}
    assert [(row["degradation"], row["method"]) for row in report["rows"]] == [
        ("m1", "bicubic"),
        ("m3", "bicubic"),
        ("m1", "zssr"),
        ("m3", "zssr"),
    ]
    figures = report["rows"][0]["figures"]
    assert figures["psnr_db"]["mean"] > 30
    assert figures["psnr_db"]["variance"] == 0
    assert "lpips" not in figures
    text = (data / "out" / "report.md").read_text()
    assert "| method | m1 PSNR | m1 SSIM | m1 s | m3 PSNR |" in text
    assert "Methods learn 2 steps a part" in text
    assert "LPIPS is left out: --sr.lpips FILE" in text
    assert sorted(path.name for path in (data / "out").glob("*.png")) == sorted(report["pictures"])
    assert json.loads((data / "out" / "report.json").read_text()) == report
    with pytest.raises(OutputError, match="holds an evaluation"):
        main(command)


def test_a_crop_is_the_middle(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_command(data, "--sr.methods", "bicubic", "--sr.degradations", "m1", "--sr.crop", "64", "--json")) == 0
    capsys.readouterr()
    with Picture.open(data / "out" / "in-vivo-x2-m1.png") as shown:
        assert shown.size[0] == pytest.approx(2 * 64, abs=10)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--sr.methods", "zsr"], "sr.methods: zsr is none of bicubic, zssr"),
        (["--sr.scales", "3"], "sr.scales: 3 is none of 2, 4"),
        (["--sr.degradations", "m4"], "sr.degradations: m4 is none of m1, m2, m3"),
        (["--sr.crop", "20"], "sr.crop must be at least 64 pixels, not 20"),
        (["--sr.steps", "0"], "sr.steps must be at least 1"),
        (["--sr.budget", "0"], "sr.budget must be positive"),
        (["--sr.simulated", "1000"], "sr.simulated must be 0 to"),
        (["--cysts", "3"], "cysts is no option of the suite sr; leave it out"),
        (["--suite", "quality", "--sr.steps", "3"], "sr is no option of the suite quality; leave it out"),
        (["--sr.lpips", "nowhere.pth"], "nowhere.pth: no weights can be read"),
        (["--sr.in-vivo", "0"], "there is no image to evaluate on"),
    ],
)
def test_options_of_the_suite_that_cannot_be_used_say_why(data: Path, options: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        main(_command(data, *options))
    assert not (data / "out" / "report.json").exists()


def test_a_report_does_not_replace_the_pictures_it_is_about(tmp_path: Path) -> None:
    (tmp_path / "neck.png").write_bytes(b"mine")
    with pytest.raises(OutputError, match="holds data"):
        main(["--suite", "sr", "--out", str(tmp_path), "--data", str(tmp_path), "--overwrite"])
    assert (tmp_path / "neck.png").read_bytes() == b"mine"
