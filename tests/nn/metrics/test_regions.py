"""Metrics of regions against their closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from sonolucent.nn import metrics

RNG = np.random.default_rng(0)
N = 200_000


def test_cnr_of_two_normal_regions():
    inside, outside = RNG.normal(-30, 3, N), RNG.normal(-20, 4, N)
    assert metrics.cnr(inside, outside) == pytest.approx(10 / 5, rel=0.01)


def test_cnr_does_not_depend_on_the_grey_scale():
    inside, outside = RNG.normal(-30, 3, 500), RNG.normal(-20, 4, 500)
    assert metrics.cnr(inside / 60 + 1, outside / 60 + 1) == pytest.approx(metrics.cnr(inside, outside))


def test_cnr_of_log_compressed_rayleigh_speckle():
    """The dB value of Rayleigh speckle has the standard deviation 10/ln(10) * pi/sqrt(6) = 5.57 dB at every level."""
    inside, outside = (20 * np.log10(RNG.rayleigh(scale, N)) for scale in (1.0, 2.0))
    assert metrics.cnr(inside, outside) == pytest.approx(20 * np.log10(2) / (5.57 * np.sqrt(2)), rel=0.01)


def test_the_printed_cnr_is_the_one_of_grey_values_up_to_255():
    """Two levels of Rayleigh speckle 6 dB apart, 60 dB shown: mean difference 25.6 grey, both deviations 23.7."""
    inside, outside = (20 * np.log10(RNG.rayleigh(scale, N)) - 20 for scale in (1.0, 2.0))
    assert metrics.cnr_as_printed(inside, outside) == pytest.approx(3.72, rel=0.01)
    doubled = metrics.cnr_as_printed(inside, outside, dynamic_range_db=120)
    assert doubled == pytest.approx(3.72 / np.sqrt(2), rel=0.02)


@pytest.mark.parametrize("distance", [0.0, 1.0, 3.0])
def test_gcnr_of_two_normal_regions(distance):
    """The overlap of two unit normals is 2 Phi(-d / 2)."""
    inside, outside = RNG.normal(0, 1, N), RNG.normal(distance, 1, N)
    value = metrics.gcnr(inside, outside, value_range=(-5, 8))
    assert value == pytest.approx(1 - 2 * norm.cdf(-distance / 2), abs=0.01)


def test_gcnr_is_one_for_disjoint_regions_and_nought_for_equal_ones():
    region = RNG.uniform(-60, -40, 2000)
    assert metrics.gcnr(region, region + 30) == 1
    assert metrics.gcnr(region, region) == 0


def test_gcnr_counts_values_beyond_the_range():
    assert metrics.gcnr(np.full(10, -90.0), np.full(10, -75.0)) == 0
    assert metrics.gcnr(np.full(10, -90.0), np.full(10, 3.0)) == 1


def test_contrast_is_the_difference_of_mean_levels():
    assert metrics.contrast_db(np.full(3, -32.0), np.array([-25.0, -15.0])) == -12


def test_a_stretched_contrast_is_an_error_of_its_surplus():
    assert metrics.contrast_error_db(np.full(3, -36.0), np.full(3, -20.0), nominal_db=-12) == -4


@pytest.mark.parametrize("looks", [1, 4])
def test_enl_is_the_number_of_looks_whose_intensities_are_averaged(looks):
    intensity = RNG.exponential(1.0, (looks, N)).mean(axis=0)
    assert metrics.enl(np.sqrt(intensity)) == pytest.approx(looks, rel=0.03)


def test_speckle_snr_of_rayleigh_speckle():
    assert metrics.speckle_snr(RNG.rayleigh(3.0, N)) == pytest.approx(metrics.RAYLEIGH_SPECKLE_SNR, rel=0.01)


@pytest.mark.parametrize("metric", [metrics.cnr, metrics.cnr_as_printed, metrics.gcnr, metrics.contrast_db])
def test_an_empty_region_is_refused(metric):
    with pytest.raises(ValueError, match="selects no pixel"):
        metric(np.ones(4), np.empty(0))
    with pytest.raises(ValueError, match="selects no pixel"):
        metric(np.empty(0), np.ones(4))


def test_constant_regions_have_no_ratio():
    with pytest.raises(ValueError, match="undefined"):
        metrics.cnr(np.ones(4), np.zeros(4))
    with pytest.raises(ValueError, match="undefined"):
        metrics.cnr_as_printed(np.full(4, -20.0), np.full(4, -10.0))
    with pytest.raises(ValueError, match="undefined"):
        metrics.speckle_snr(np.ones(4))
