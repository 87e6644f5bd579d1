import numpy as np
import pytest

from sonolucent.sim import phantoms


@pytest.mark.parametrize("name", phantoms.NAMES)
def test_every_phantom_is_seeded_and_lies_before_the_array(name):
    one, same = (phantoms.make(name, seed=4) for _ in range(2))
    assert np.array_equal(one.scatterers_m, same.scatterers_m)
    assert np.array_equal(one.amplitudes, same.amplitudes)
    assert one.scatterers_m.shape == (one.amplitudes.size, 2)
    assert one.scatterers_m[:, 1].min() > 0


@pytest.mark.parametrize("name", ["cysts", "moving", "random_tissue"])
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
