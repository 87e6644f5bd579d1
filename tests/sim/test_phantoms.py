import numpy as np
import pytest

from sonolucent.beamform import ImageGrid
from sonolucent.sim import phantoms


@pytest.mark.parametrize("name", phantoms.NAMES)
def test_every_phantom_is_seeded_and_lies_before_the_array(name):
    one, same = (phantoms.make(name, seed=4) for _ in range(2))
    assert np.array_equal(one.scatterers_m, same.scatterers_m)
    assert np.array_equal(one.amplitudes, same.amplitudes)
    assert one.scatterers_m.shape == (one.amplitudes.size, 2)
    assert one.scatterers_m[:, 1].min() > 0


@pytest.mark.parametrize("name", ["cysts", "moving", "random_tissue", "uniform"])
def test_another_seed_is_another_phantom(name):
    assert not np.array_equal(phantoms.make(name, seed=1).amplitudes, phantoms.make(name, seed=2).amplitudes)


def test_cysts_have_the_contrast_they_claim():
    phantom = phantoms.make("cysts", seed=2)
    speckle = np.sqrt(np.mean(phantom.amplitudes[np.abs(phantom.amplitudes) < 10] ** 2))
    for inclusion in phantom.inclusions:
        inside = phantom.amplitudes[inclusion.contains(phantom.scatterers_m)]
        if inclusion.contrast_db <= -60:
            assert inside.size == 0
        else:
            assert 20 * np.log10(inside.std() / speckle) == pytest.approx(inclusion.contrast_db, abs=1.5)


def test_the_moving_phantom_moves_tissue_smoothly_and_comes_back():
    first, second, whole_period = (phantoms.make("moving", seed=1, frame=f) for f in (0, 1, phantoms.MOVING_PERIOD))
    assert np.array_equal(first.scatterers_m, whole_period.scatterers_m)
    step = np.hypot(*(second.scatterers_m - first.scatterers_m).T)
    assert 10e-6 < np.median(step) < 0.3e-3
    assert step.max() < 0.5e-3
    assert np.array_equal(first.amplitudes, second.amplitudes)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="wires, cysts, moving"):
        phantoms.make("kidney")


GRID = ImageGrid.linear(x_m=(-20e-3, 20e-3), z_m=(2e-3, 40e-3), shape=(153, 161))


@pytest.mark.parametrize(("name", "frame"), [("cysts", 0), ("random_tissue", 0), ("moving", 4), ("moving", 12)])
def test_scatterers_are_as_strong_as_the_echogenicity_where_they_lie(name, frame):
    """Normalised by the truth, all amplitudes have the same distribution, in dark regions and bright ones alike."""
    phantom = phantoms.make(name, seed=3, frame=frame)
    truth_db = phantom.echogenicity_db(GRID)
    tissue = np.isin(phantom.amplitudes, phantoms.WIRE_AMPLITUDE, invert=True)
    column, row = np.rint((phantom.scatterers_m[tissue] - (GRID.x0_m, GRID.z0_m)) / (GRID.dx_m, GRID.dz_m)).T.astype(
        int
    )
    seen = (row >= 0) & (row < GRID.n_z) & (column >= 0) & (column < GRID.n_x)
    level_db = truth_db[row[seen], column[seen]]
    amplitudes = phantom.amplitudes[tissue][seen]
    assert np.mean(level_db == -60) < 0.01
    for level in np.unique(level_db[level_db > -60]):
        at_level = amplitudes[level_db == level]
        if at_level.size > 500:
            assert 20 * np.log10(np.median(np.abs(at_level)) / 0.6745) == pytest.approx(level, abs=1.5)


def test_the_truth_of_a_cyst_phantom_is_its_inclusions_over_plain_tissue():
    phantom = phantoms.make("cysts", seed=1)
    truth_db = phantom.echogenicity_db(GRID)
    assert truth_db[0, 0] == 0
    assert {float(level) for level in np.unique(truth_db)} == {0.0, *(i.contrast_db for i in phantom.inclusions)}
    cyst = phantom.inclusions[4]
    row, column = round((cyst.z_m - GRID.z0_m) / GRID.dz_m), round((cyst.x_m - GRID.x0_m) / GRID.dx_m)
    assert truth_db[row, column] == cyst.contrast_db


def test_a_uniform_phantom_has_one_level_and_water_has_none():
    assert not phantoms.make("uniform").echogenicity_db(GRID).any()
    assert (phantoms.make("wires").echogenicity_db(GRID) == -60).all()
