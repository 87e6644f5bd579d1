"""What the loss takes for a point and for an edge."""

import math

import pytest
import torch
from torch import Tensor

from sonolucent.nn.training.landmarks import ramp, standing_out, steps

ROWS, COLUMNS = 48, 40


def flat() -> Tensor:
    return torch.full((1, 1, ROWS, COLUMNS), -20.0)


def band(angle: float, sigma: float, height_db: float = 20.0) -> Tensor:
    """A straight band through the middle with a Gaussian profile, at an angle to the columns."""
    row, column = torch.meshgrid(torch.arange(ROWS) - ROWS // 2, torch.arange(COLUMNS) - COLUMNS // 2, indexing="ij")
    across = row * math.cos(angle) - column * math.sin(angle)
    return flat() + height_db * torch.exp(-0.5 * (across / sigma) ** 2)


def test_a_point_stands_out_by_its_height():
    image = flat()
    image[..., 24, 20] += 17.0
    assert standing_out(image)[0, 0, 24, 20].item() == pytest.approx(17.0)


@pytest.mark.parametrize("sigma", [1.5, 3.0])
@pytest.mark.parametrize("angle", [math.pi * k / 8 for k in range(8)])
def test_a_band_stands_out_in_no_direction_along_it(angle: float, sigma: float):
    assert standing_out(band(angle, sigma))[0, 0, 20:29, 16:25].max().item() < 3.0


def test_neither_does_an_edge_nor_the_image_s_border():
    image = flat()
    image[..., 20:] += 25.0
    assert standing_out(image).max().item() < 1e-4


@pytest.mark.parametrize(("across", "share"), [(False, 8 / 11), (True, 6 / 7)])
def test_a_step_shows_as_the_share_of_it_that_patches_on_both_sides_part(across: bool, share: float):
    image = flat()
    image[..., 20:, :] += 12.0
    height = steps(image.transpose(2, 3)[..., :COLUMNS] if across else image)[0, 0]
    assert height.max().item() == pytest.approx(12.0 * share, rel=1e-4)
    assert (height[:, :10] if across else height[:10]).max().item() < 1e-4


def test_a_ramp_has_two_ends():
    assert ramp(torch.tensor([4.0, 5.0, 7.0, 9.0, 11.0]), (5.0, 9.0)).tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
