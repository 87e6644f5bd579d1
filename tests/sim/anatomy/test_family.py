"""Whole anatomies: seeds, truth, and scatterers that are as strong as the truth says."""

import time

import numpy as np
import pytest

from sonolucent.beamform import ImageGrid
from sonolucent.sim import ANECHOIC_DB, phantoms
from sonolucent.sim.anatomy.family import _phantom
from sonolucent.sim.anatomy.paint import Paint, painted_tissue
from sonolucent.sim.anatomy.raster import Raster

GRID = ImageGrid.linear(x_m=(-20e-3, 20e-3), z_m=(2e-3, 40e-3), shape=(153, 161))


def test_seeds_and_frames_show_other_tissue_and_the_same_ones_the_same() -> None:
    truths = [phantoms.anatomy(seed, frame).echogenicity_db(GRID) for seed, frame in ((3, 0), (3, 1), (4, 0), (3, 0))]
    assert np.array_equal(truths[0], truths[3])
    for other in truths[1:3]:
        assert np.mean(np.abs(truths[0] - other) > 1) > 0.5


def test_the_truth_is_that_of_no_echo_beyond_the_tissue_and_where_it_is_too_faint() -> None:
    truth = phantoms.anatomy(1).echogenicity_db(ImageGrid.linear(x_m=(-30e-3, 30e-3), z_m=(0, 50e-3), shape=(101, 121)))
    assert (truth[:3] == ANECHOIC_DB).all()
    assert (truth[:, :14] == ANECHOIC_DB).all()
    assert truth.max() > 0
    assert np.isfinite(truth).all()


def test_scatterers_are_as_many_and_as_strong_as_the_tissue_says() -> None:
    """Left -12 dB with a quarter of the scatterers, right 0 dB with all: per scatterer, left is 6 dB weaker."""

    def halves(rng, raster):
        yield Paint(np.where(raster.x_m < 0, 1.0, 0.0), -12.0, 0.25)

    rng = np.random.default_rng(0)
    phantom = _phantom(rng, painted_tissue(rng, Raster.of_warped_tissue(rng), [halves]), 100_000)
    x_m = phantom.scatterers_m[:, 0]
    left, right = phantom.amplitudes[x_m < -0.1e-3], phantom.amplitudes[x_m > 0.1e-3]
    assert len(left) / len(right) == pytest.approx(0.25, rel=0.03)
    assert 20 * np.log10(left.std() / right.std()) == pytest.approx(-12 + 6.02, abs=0.2)
    truth = phantom.echogenicity_db(GRID)
    assert truth[:, :80] == pytest.approx(-12)
    assert truth[:, 82:] == pytest.approx(0)


def test_an_anatomy_is_made_in_less_than_3_5_seconds() -> None:
    phantoms.anatomy(1)
    begin = time.process_time()
    phantoms.anatomy(2)
    assert time.process_time() - begin < 3.5
