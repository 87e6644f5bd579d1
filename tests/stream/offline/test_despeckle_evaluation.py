"""The suite of despeckling as a command: report, tables, pictures, and options that cannot be used."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from sonolucent.beamform import ImageGrid
from sonolucent.nn.evaluate import PhantomScanner
from sonolucent.stream.commands.evaluate import main
from sonolucent.stream.errors import ConfigError, OutputError
from sonolucent.stream.offline import despeckle_evaluation

from .pictures import speckle_grey

COARSE = ImageGrid.linear(x_m=(-20e-3, 19.375e-3), z_m=(1e-3, 39.75e-3), shape=(156, 64))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with one picture of a vessel."""
    Picture.fromarray(speckle_grey()).save(tmp_path / "vessel.png")
    lumen, tissue = (f"{{ rows = [0, 50], columns = {columns} }}" for columns in ("[40, 60]", "[0, 20]"))
    manifest = f'[[vessels]]\nfile = "vessel.png"\nlumen = {lumen}\ntissue = {tissue}\n'
    (tmp_path / "evaluation.toml").write_text(manifest)
    return tmp_path


@pytest.mark.slow
def test_the_suite_writes_tables_figures_and_pictures(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(despeckle_evaluation, "PhantomScanner", partial(PhantomScanner, grid=COARSE))
    methods = ("--despeckle.methods", "median", "speckle2self", "noise2self")
    few = ("--despeckle.cysts", "1", "--despeckle.anatomies", "1", "--despeckle.learn-from", "1")
    command = [
        "light-quadrant",
        "--suite",
        "despeckle",
        "--out",
        str(data / "out"),
        "--data",
        str(data),
        *methods,
        *few,
    ]
    assert main([*command, "--despeckle.steps", "1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == json.loads((data / "out" / "report.json").read_text())
    simulated, in_vivo = report["figures"]["simulated"], report["figures"]["in_vivo"]
    names = [name.partition("@")[0] for name in simulated]
    assert names == ["plain", "median", "speckle2self", "noise2self", "light-quadrant"]
    assert list(in_vivo) == list(simulated)
    figures = {"homogeneity", "cnr", "ssim", "edge_rise_mm", "anatomy_ssim", "anatomy_homogeneity", "anatomy_edge_mm"}
    assert figures <= set(simulated["median"])
    assert simulated["median"]["homogeneity"]["mean"] > simulated["plain"]["homogeneity"]["mean"]
    assert in_vivo["median"]["cnr"]["mean"] > in_vivo["plain"]["cnr"]["mean"]
    text = (data / "out" / "report.md").read_text()
    assert "| method | ms | homogeneity | CNR | gCNR | SSIM |" in text
    assert "Methods that learn did so for 1 steps" in text
    pictures = report["figures"]["pictures"]
    assert sorted(path.name for path in (data / "out").glob("*.png")) == sorted(pictures)
    assert {"vessel.png", "cysts.png", "anatomy-900.png"} == set(pictures)
    with Picture.open(data / "out" / "cysts.png") as shown:
        assert np.asarray(shown).std() > 20
    with pytest.raises(OutputError, match="holds an evaluation"):
        main(command)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--despeckle.methods", "zssr"], "despeckle.methods: zssr is none of median, srad, nlm, obnlm"),
        (["--despeckle.cysts", "0"], "despeckle.cysts must be 1 to 100, not 0"),
        (["--despeckle.learn-from", "0"], "despeckle.learn_from must be 1 to 800, not 0"),
        (["--despeckle.in-vivo", "-1"], "despeckle.in_vivo must be at least 0"),
        (["--despeckle.steps", "0"], "despeckle.steps must be at least 1"),
        (["--despeckle.budget", "0"], "despeckle.budget must be positive"),
        (["--cysts", "3"], "cysts is no option of the suite despeckle; leave it out"),
        (["--sr.steps", "3"], "sr is no option of the suite despeckle; leave it out"),
        (["--suite", "sr", "--despeckle.steps", "3"], "despeckle is no option of the suite sr; leave it out"),
        (["nowhere"], "nowhere"),
    ],
)
def test_options_of_the_suite_that_cannot_be_used_say_why(tmp_path: Path, options: list[str], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        main(["--suite", "despeckle", "--despeckle.methods", "median", "--out", str(tmp_path / "out"), *options])
    assert not (tmp_path / "out").exists()
