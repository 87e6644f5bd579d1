"""What each ingredient paints, on a raster of its own."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from sonolucent.sim.anatomy.bones import bones
from sonolucent.sim.anatomy.dead_zones import dead_zones
from sonolucent.sim.anatomy.family import INGREDIENTS
from sonolucent.sim.anatomy.fasciae import dashes, fasciae, fibrils
from sonolucent.sim.anatomy.layers_of_tissue import layers
from sonolucent.sim.anatomy.lesions import lesions
from sonolucent.sim.anatomy.paint import Paint, Reflectors, Tissue, painted_tissue
from sonolucent.sim.anatomy.raster import Raster
from sonolucent.sim.anatomy.vessels import vessels
from sonolucent.sim.echogenicity import ANECHOIC_DB
from sonolucent.sim.scattering import anywhere


@pytest.fixture(scope="module")
def raster() -> Raster:
    """A coarse one, 0.2 x 0.1 mm, to be fast."""
    fine = Raster.of_warped_tissue(np.random.default_rng(0))
    return Raster(replace(fine.grid, dx_m=0.2e-3, dz_m=0.1e-3, n_x=221, n_z=396), fine.warp_m[::2, ::2])


def painted(raster: Raster, *ingredients, seed: int) -> Tissue:
    return painted_tissue(np.random.default_rng(seed), raster, ingredients)


@pytest.mark.parametrize("ingredient", INGREDIENTS)
def test_every_ingredient_paints_the_same_again_and_something_at_some_seed(raster: Raster, ingredient) -> None:
    one, same = (painted(raster, ingredient, seed=7) for _ in range(2))
    assert np.array_equal(one.level_db, same.level_db)
    assert np.isfinite(one.level_db).all()
    assert one.density.min() > 0
    assert one.density.max() <= 1
    assert any(changed(painted(raster, ingredient, seed=seed)) for seed in range(30))


def changed(tissue: Tissue) -> bool:
    return np.ptp(tissue.level_db) > 0.5 or any(group.positions_m.size for group in tissue.reflectors)


def test_one_more_ingredient_leaves_the_random_numbers_of_those_before_alone(raster: Raster) -> None:
    def silence(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
        yield Paint(gain_db=float(rng.random()) * 0)

    assert np.array_equal(painted(raster, layers, seed=1).level_db, painted(raster, layers, silence, seed=1).level_db)


def test_fields_have_unit_strength_and_the_length_they_are_asked_for(raster: Raster) -> None:
    field = raster.smooth(np.random.default_rng(1), along_m=2e-3, across_m=0.5e-3)
    assert field.std() == pytest.approx(1)
    down = np.mean(field[5:] * field[:-5])  # 0.5 mm
    along = np.mean(field[:, 2:] * field[:, :-2])  # 0.4 mm
    assert 0.4 < down < 0.8
    assert along > 0.9


def test_woven_fields_run_along_the_layers(raster: Raster) -> None:
    """A field that knows nothing of x is constant along the tissue's depth, at any slope."""
    field = raster.woven(np.random.default_rng(2), along_m=1.0, across_m=2e-3)
    depth = raster.depth_m - raster.z_m.min()
    level = np.round(depth / 0.1e-3).astype(int)
    within = [field[level == row].std() for row in range(50, 350, 50)]
    assert max(within) < 0.1


def test_layers_lie_along_the_tissues_depth_with_three_to_seven_levels(raster: Raster) -> None:
    for seed in range(20):
        coats = list(layers(np.random.default_rng(seed), raster))
        assert 3 <= len(coats) <= 7
        for coat in coats[1:]:
            border_m = raster.depth_m[np.abs(coat.cover - 0.5) < 0.1]
            assert np.ptp(border_m) < 1e-3


def test_fasciae_and_their_like_brighten_only(raster: Raster) -> None:
    for seed in range(4):
        for ingredient in (fasciae, dashes, fibrils):
            assert painted(raster, ingredient, seed=seed).level_db.min() >= 0
    band = next(iter(fasciae(np.random.default_rng(0), raster))).gain_db
    assert 3 < band.max() < 30
    assert np.mean(band > band.max() / 2) < 0.05


def test_anechoic_lesions_and_vessels_do_not_echo_within(raster: Raster) -> None:
    for ingredient in (lesions, vessels):
        darkest = [painted(raster, ingredient, seed=seed).echogenicity_db.min() for seed in range(8)]
        assert min(darkest) == ANECHOIC_DB


def test_vessels_have_bright_walls_around_a_dark_lumen(raster: Raster) -> None:
    coats = next(coats for coats in (list(vessels(np.random.default_rng(s), raster)) for s in range(20)) if coats)
    wall, _, lumen, _ = coats[:4]
    dark = lumen.cover > 0.99
    column = int(np.argmax(dark.sum(axis=0)))
    first = int(np.argmax(dark[:, column]))
    assert lumen.level_db <= -18
    assert wall.gain_db[max(0, first - 6) : first, column].max() > 5


def test_a_bone_is_a_row_of_equal_echoes_with_a_shadow_beneath(raster: Raster) -> None:
    coats = next(coats for coats in (list(bones(np.random.default_rng(s), raster)) for s in range(20)) if coats)
    shadow, _, mirror = coats[:3]
    x_m, z_m = mirror.reflectors.positions_m.T
    assert np.diff(x_m) == pytest.approx(0.04e-3)
    assert mirror.reflectors.amplitudes.min() > 0
    column = round((x_m.mean() - raster.grid.x0_m) / raster.grid.dx_m)
    row = round((np.interp(x_m.mean(), x_m, z_m) - raster.grid.z0_m) / raster.grid.dz_m)
    assert shadow.gain_db[-1, column] <= -4 * 0.9
    assert shadow.gain_db[max(0, row - 20), column] > -0.5


def test_nothing_echoes_in_a_dead_zone_but_clutter_that_repeats(raster: Raster) -> None:
    kinds = set()
    for seed in range(60):
        coats = list(dead_zones(np.random.default_rng(seed), raster))
        kinds.add((bool(coats), bool(coats and coats[0].reflectors.positions_m.size)))
        if not coats:
            continue
        tissue = painted(raster, lambda rng, raster, coats=coats: iter(coats), seed=0)
        silent = tissue.echogenicity_db == ANECHOIC_DB
        assert 0.05 < silent.mean() < 0.7
        clutter = tissue.reflectors[-1]
        if clutter.positions_m.size:
            assert raster.at(silent, clutter.positions_m).all()
            strengths, times = np.unique(clutter.amplitudes, return_counts=True)
            assert np.median(times) >= 2
            assert np.abs(strengths).max() < 1
    assert kinds == {(False, False), (True, False), (True, True)}


def test_dead_zones_hide_the_wires_in_them(raster: Raster) -> None:
    def many_wires(rng: np.random.Generator, raster: Raster) -> Iterator[Paint]:
        yield Paint(reflectors=Reflectors(anywhere(rng, 500), np.ones(500), points=True))

    hidden = []
    for seed in range(12):
        tissue = painted(raster, many_wires, dead_zones, seed=seed)
        left_m = tissue.reflectors[0].positions_m
        hidden.append(500 - len(left_m))
        assert not (raster.at(tissue.echogenicity_db, left_m) == ANECHOIC_DB).any()
    assert max(hidden) > 50
    assert min(hidden) == 0
