"""The evaluation of a few methods on small scenes: figures that are known, and that move the right way."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sonolucent.beamform import Acquisition, ImageGrid
from sonolucent.nn.baselines import COMPOUNDS, FILTERS
from sonolucent.nn.evaluate.estimates import Estimate, estimates, of_pooled, of_values
from sonolucent.nn.evaluate.figures import anatomy_figures, cyst_figures
from sonolucent.nn.evaluate.held_out import evaluate_simulated
from sonolucent.nn.evaluate.methods import View, methods
from sonolucent.nn.evaluate.phantom_tasks import PhantomCounts, view
from sonolucent.nn.evaluate.scenes import CONDITIONS, PhantomScanner, _OverMedian
from sonolucent.nn.evaluate.seeds import CHOOSING, HELD_OUT, TRAINING

GRID = ImageGrid.linear(x_m=(-19.9e-3, 19.9e-3), z_m=(2e-3, 39e-3), shape=(310, 128))
SPARSE = Acquisition(tx_elements=range(4, 64, 8))


@pytest.fixture(scope="module")
def scanner():
    return PhantomScanner(replace(CONDITIONS["reference"], acquisition=SPARSE), GRID)


@pytest.fixture(scope="module")
def scene(scanner):
    return scanner.scene("cysts", CHOOSING[0])


def test_what_is_reported_was_never_trained_on_or_chosen_by():
    assert set(HELD_OUT).isdisjoint(CHOOSING)
    assert set(HELD_OUT).isdisjoint(TRAINING)
    assert set(CHOOSING).isdisjoint(TRAINING)


def test_the_truth_itself_has_perfect_figures(scene):
    truth_db = scene.phantom.echogenicity_db(GRID) - 10
    noise = np.random.default_rng(0).normal(0, 0.1, truth_db.shape)
    figures = cyst_figures((truth_db + noise).clip(-60, 0).astype(np.float32), scene)
    assert figures["gcnr"] == 1
    assert figures["error_db"] < 0.1
    assert figures["ssim"] > 0.95
    assert figures["wires_lost"] == 4
    assert "wire_width_mm" not in figures
    for contrast in ("-12", "-6", "+3", "+6"):
        assert figures[f"contrast_error_at_{contrast}_db"] == pytest.approx(0, abs=0.05)
    assert not [name for name in figures if "-60" in name]


def test_the_truth_of_an_anatomy_has_perfect_figures(scanner):
    scene = scanner.scene("anatomy", CHOOSING[0])
    truth_db = (scene.phantom.echogenicity_db(GRID) - 25).clip(-60, 0).astype(np.float32)
    figures = anatomy_figures(truth_db, scene)
    assert figures["anatomy_error_db"] < 0.1
    assert figures["structure_correlation"] == pytest.approx(1, abs=0.01)
    assert figures["structure_slope"] == pytest.approx(1, abs=0.02)
    assert figures["anatomy_edge_mm"] < 0.2
    assert figures["dots"] == figures["pits"] == figures["dead_zone_blobs"] == 0


def test_bright_tissue_has_room_in_an_image_that_is_mostly_dark():
    """Half a percent at most is above -6 dB; the median of most images leaves more room than that."""
    image = np.full(GRID.shape, 1e-3 + 0j, np.complex64)
    image[:60] = 1
    level = _OverMedian(None).update(image)
    assert level == pytest.approx(10 ** (6 / 20))
    assert _OverMedian(None).update(np.ones_like(image)) == pytest.approx(10 ** (26 / 20))


def test_filters_reduce_speckle_and_error(scanner, tmp_path):
    compared = [method for method in methods() if method.name in ("plain", "nlm", "frequency-compound")]
    counts = PhantomCounts(cysts=2, tissue=1, uniform=1, moving=2, anatomies=1)
    Image.fromarray(np.tile(np.linspace(150, 220, 60).astype(np.uint8), (60, 1))).save(tmp_path / "a.png")
    results = evaluate_simulated(compared, scanner, counts, pictures=[f"picture:{tmp_path / 'a.png'}"])
    plain = results.figures["plain"]
    for name in ("nlm", "frequency-compound"):
        figures = results.figures[name]
        assert figures["cnr"].mean > plain["cnr"].mean
        assert figures["error_db"].mean < plain["error_db"].mean
        assert figures["tissue_error_db"].mean < plain["tissue_error_db"].mean
        assert figures["anatomy_error_db"].mean < plain["anatomy_error_db"].mean
        assert figures["dots"].mean < plain["dots"].mean
        assert figures["flicker_db"].mean < plain["flicker_db"].mean
        assert results.milliseconds[name] > 0
        assert results.pictures[name].shape == GRID.shape
    assert list(results.anatomies) == ["anatomy-900", "picture-1"]
    assert list(results.anatomies["picture-1"]) == ["truth", *(method.name for method in compared)]
    assert plain["picture_anatomy_error_db"].n == 1
    assert "picture_anatomy_edge_mm" not in plain  # the picture is a slope
    assert plain["cnr"].n == 2
    assert plain["cnr"].standard_error > 0
    assert plain["false_structures"].n == 1
    assert plain["false_structures_of_4_db"].mean > 10 * results.figures["nlm"]["false_structures_of_4_db"].mean


def test_every_method_is_there():
    names = [method.name for method in methods()]
    assert {"plain", *FILTERS, *COMPOUNDS} < set(names)
    assert any(name.startswith("light-quadrant@") for name in names)


def test_compounding_says_what_it_lacks(scene):
    compounding = next(method for method in methods() if method.needs_phase)
    assert compounding.apply(view(scene)).shape == GRID.shape
    with pytest.raises(ValueError, match="analytic image"):
        compounding.apply(View(scene.plain_db))


def test_faster_sound_is_measured_where_it_really_was():
    """The beamformer believes 1540 m/s and shows a wire too shallow; the true grid puts it where it is."""
    faster = replace(CONDITIONS["sound-speed"], acquisition=SPARSE, snr_db=60.0)
    scene = PhantomScanner(faster, ImageGrid.linear(x_m=(-1e-3, 1e-3), z_m=(28e-3, 32e-3), shape=(321, 17))).scene(
        "wires", 0
    )
    row = int(np.argmax(np.abs(scene.image).max(axis=1)))
    assert scene.true_grid.z_m[row] == pytest.approx(30e-3, abs=0.15e-3)
    assert scene.grid.z_m[row] < 29.6e-3


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_can_be_simulated(name):
    condition = CONDITIONS[name]
    few = replace(condition.acquisition, tx_elements=range(0, condition.acquisition.probe.n_elements, 16))
    scene = PhantomScanner(replace(condition, acquisition=few), GRID).scene("wires", 0)
    assert -51 < np.median(scene.plain_db) < -25.9
    assert scene.plain_db.max() > -6


def test_estimates_of_known_values():
    known = estimates([{"a": 1.0, "b": 5.0}, {"a": 3.0}])
    assert known == {"a": Estimate(2.0, 1.0, 2), "b": Estimate(5.0, None, 1)}
    assert str(of_values([1.0, 3.0])) == "2 ± 1"


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(size=8)
    pooled = of_pooled(lambda curve: float(curve[0]), [np.array([value]) for value in values])
    assert pooled.mean == pytest.approx(values.mean())
    assert pooled.standard_error == pytest.approx(of_values(list(values)).standard_error)
