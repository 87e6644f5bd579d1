"""Real images in an evaluation, and reports as files."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonolucent.nn.evaluate.estimates import Estimate
from sonolucent.nn.evaluate.methods import methods
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.offline.evaluation_manifest import load_manifest
from sonolucent.stream.offline.evaluation_real import add_real_images
from sonolucent.stream.offline.evaluation_report import EvaluationReport, write_markdown, write_pictures


@pytest.fixture
def report() -> EvaluationReport:
    figures = {"cnr": Estimate(1.5, 0.25, 4), "contrast_error_at_-6_db": Estimate(0.5, None, 1)}
    return EvaluationReport(
        condition="reference",
        what="as told",
        phantoms={"cysts": 4},
        held_out_seeds=(900, 903),
        machine="a machine",
        megabytes={"plain": 0.0},
        milliseconds={"plain": 12.0},
        simulated={"plain": figures},
    )


MANIFEST = Path(__file__).parents[2] / "data" / "evaluation.toml"


def test_real_images_are_measured_and_shown(real_data: Path, tmp_path: Path, report: EvaluationReport) -> None:
    manifest = load_manifest(real_data, MANIFEST)
    few = [method for method in methods() if method.name in ("plain", "median", "frequency-compound")]
    add_real_images(real_data, manifest, tmp_path, few, report, print)
    assert report.in_vivo["plain"]["cnr"].n == 4
    assert report.in_vivo["median"]["gcnr"].mean > report.in_vivo["plain"]["gcnr"].mean
    assert "frequency-compound" not in report.in_vivo
    assert report.published["plain"]["homogeneity"].n == 6
    assert report.published["obnlm, as published"]["homogeneity"].mean > report.published["plain"]["homogeneity"].mean
    notch = report.captures["aluminium_64x0.63mm_5MHz_hmc.mat"]
    assert notch["frequency-compound"]["width_mm"].mean > 1
    assert sorted(path.name for path in tmp_path.glob("*.png")) == sorted(report.pictures)
    assert len(report.pictures) == 2 + 4


def test_a_folder_without_a_manifest_is_refused_with_an_example_that_is_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluation.toml: No such file") as refused:
        load_manifest(tmp_path)
    _, _, example = str(refused.value).partition("\n\n")
    (tmp_path / "evaluation.toml").write_text(example)
    for name in ("capture.mat", "carotid.png", "frame.png", "frame-obnlm.png"):
        (tmp_path / name).touch()
    manifest = load_manifest(tmp_path)
    assert manifest.captures[0].reflector_m == (-2.0e-3, 20.05e-3)
    assert manifest.vessels[0].lumen.rows == (262, 311)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[captures]]\nfile = 'a.mat'", "names files that are not in .*: a.mat"),
        ("[[captures]]\nname = 'a.mat'", r"captures\[0\]"),
        ("[[vessels]]\nfile = 'a.png'\nlumen = { rows = [1, 2] }", r"columns.*vessels\[0\].lumen"),
        ("dynamic_range_db = -60", "dynamic_range_db"),
        ("captures = ", "evaluation.toml: "),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "evaluation.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        load_manifest(tmp_path)


@pytest.mark.parametrize("columns", ["[0, 9]", "[0, 10]"])
def test_a_box_lies_in_its_picture(tmp_path: Path, report: EvaluationReport, columns: str) -> None:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 10), np.uint8)).save(tmp_path / "a.png")
    box = f"{{ rows = [0, 5], columns = {columns} }}"
    (tmp_path / "evaluation.toml").write_text(f"[[vessels]]\nfile = 'a.png'\nlumen = {box}\ntissue = {box}")
    plain = [method for method in methods() if method.name == "plain"]
    out = tmp_path / "out"
    out.mkdir()
    inside = columns == "[0, 9]"
    with nullcontext() if inside else pytest.raises(ConfigError, match=r"a\.png: the box"):
        add_real_images(tmp_path, load_manifest(tmp_path), out, plain, report, print)
    assert ("plain" in report.in_vivo) == inside


def test_tables_say_how_well_figures_are_known(tmp_path: Path, report: EvaluationReport) -> None:
    write_markdown(tmp_path / "report.md", report)
    text = (tmp_path / "report.md").read_text()
    assert "| plain | 0.00 | 12 | 1.5 ± 0.25 |" in text
    assert "| method | -6 |" in text
    assert "seeds 900..903" in text


def test_anatomies_come_first(tmp_path: Path, report: EvaluationReport) -> None:
    report.simulated["plain"]["anatomy_error_db"] = Estimate(5.8, 0.1, 12)
    report.pictures += ["anatomy-900.png", "cysts.png"]
    write_markdown(tmp_path / "report.md", report)
    text = (tmp_path / "report.md").read_text()
    places = [
        text.index(part) for part in ("(anatomy-900.png)", "(cysts.png)", "## Anatomies", "| 5.8 ± 0.1 |", "## Cysts")
    ]
    assert places == sorted(places)


def test_pictures_stand_side_by_side(tmp_path: Path) -> None:
    """Five images of 20 x 10 pixels, twice as high as wide: two rows of four tiles."""
    images = {str(i): np.full((20, 10), -60 + 10 * i, np.float32) for i in range(5)}
    write_pictures(tmp_path / "a.png", images, 60.0, 2.0)
    grey = np.asarray(Image.open(tmp_path / "a.png"))
    tile_height, tile_width = grey.shape[0] // 2, grey.shape[1] // 4
    assert tile_height > 40
    assert tile_width >= 10
    middles = [grey[tile_height - 20, 5 + i * tile_width] for i in range(4)]
    np.testing.assert_allclose(middles, [0, 42.5, 85, 127.5], atol=1)
