"""What the loss for speckle rewards: smooth tissue, kept points, kept edges."""

import pytest
import torch
from torch import Tensor

from sonolucent.nn.training.loss import l1, speckle_loss

SHAPE = (1, 1, 48, 40)


def tissue(level_db: float = -20.0) -> Tensor:
    return torch.full(SHAPE, level_db)


def grain(rms_db: float, seed: int = 0) -> Tensor:
    return rms_db * torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def with_point(height_db: float) -> Tensor:
    image = tissue()
    image[..., 24, 20] += height_db
    return image


def with_step(height_db: float, column: int = 20) -> Tensor:
    image = tissue()
    image[..., column:] += height_db
    return image


def test_a_perfect_prediction_of_flat_tissue_costs_nothing():
    assert speckle_loss(tissue(), tissue(), tissue()).item() == 0


def test_smooth_tissue_costs_less_than_grain_that_is_as_far_from_the_target():
    wanted = tissue() + grain(5.0)
    smooth, grainy = tissue() + 0.5, tissue() + 0.5 * grain(1.0, seed=1).sign()
    as_far = speckle_loss(smooth, smooth + 4.0, tissue()), speckle_loss(grainy, grainy + 4.0, tissue())
    assert as_far[0] < as_far[1]
    assert speckle_loss(smooth, wanted, wanted) < speckle_loss(grainy, wanted, wanted)


def test_a_lost_point_costs_far_more_than_as_large_an_error_in_tissue():
    point, lost_db = with_point(25.0), 10.0
    kept = speckle_loss(point, point, point)
    without_peak = speckle_loss(with_point(25.0 - lost_db), point, point)
    elsewhere = point.clone()
    elsewhere[..., 8, 8] -= lost_db
    assert without_peak - kept > 5 * (speckle_loss(elsewhere, point, point) - kept)


@pytest.mark.parametrize("height_db", [-6.0, 6.0])
def test_a_spot_costs_far_more_than_as_long_a_piece_of_a_line(height_db: float):
    spot, line = tissue(), tissue()
    spot[..., 22:25, 19:22] += height_db
    line[..., 24, :] += height_db
    costs = [speckle_loss(image, image, tissue()).item() for image in (spot, line)]
    outlines = 4 * 3, 2 * SHAPE[-1]
    assert costs[0] / outlines[0] > 2 * costs[1] / outlines[1]


def test_a_point_that_all_looks_show_is_no_spot():
    point = with_point(25.0)
    assert speckle_loss(point, point, point) < 0.4 * speckle_loss(point, point, tissue())


@pytest.mark.parametrize("column", [2, 20, 38])
def test_an_edge_costs_far_less_by_its_height_than_a_slight_step(column: int):
    edge, slight = with_step(20.0, column), with_step(4.0, column)
    costs = [speckle_loss(image, image, image).item() for image in (edge, slight)]
    assert 0 < costs[0] / 20 < 0.3 * costs[1] / 4


def test_an_edge_is_what_the_looks_show_together():
    edge = with_step(20.0)
    assert speckle_loss(edge, edge, tissue()).item() == pytest.approx(speckle_loss(edge, edge, edge).item(), rel=0.1)


def test_a_point_is_spared_by_smoothing_only_where_the_other_looks_show_it_too():
    point = with_point(25.0)
    dimmed, agreed = with_point(4.0), speckle_loss(point, point, point)
    # The same prediction of the same target: what differs is whether both looks tell of the point.
    assert agreed < 0.6 * speckle_loss(point, point, tissue())
    assert speckle_loss(dimmed, dimmed, point) == pytest.approx(speckle_loss(dimmed, dimmed, tissue()).item(), rel=0.01)


@pytest.mark.parametrize("height_db", [-3.0, 3.0])
def test_a_slight_step_is_taken_for_tissue(height_db: float):
    slight = with_step(height_db)
    assert speckle_loss(slight, slight, slight) == pytest.approx(speckle_loss(slight, slight, tissue()).item())


def test_the_published_loss_is_the_mean_absolute_error():
    assert l1(tissue(), tissue() + grain(2.0), tissue()).item() == pytest.approx(
        grain(2.0).abs().mean().item(), rel=1e-5
    )
