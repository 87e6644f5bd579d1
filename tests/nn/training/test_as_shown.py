"""A network is judged as the Enhancer shows its images."""

import numpy as np
import pytest
import torch

from sonolucent.nn import SHIPPED_MODELS, Enhancer, load_model
from sonolucent.nn.images import denormalized, normalized
from sonolucent.nn.speckle_grain import SpeckleGrain
from sonolucent.nn.training.as_shown import AsShown

from ..speckle import a_grid, speckle

MODEL = load_model(SHIPPED_MODELS / "light-quadrant")


@pytest.mark.parametrize("grain", [SpeckleGrain(1.3, 1.8), SpeckleGrain(2.6, 1.8), SpeckleGrain(2.0, 3.7)])
def test_images_of_any_grain_are_what_the_enhancer_makes_of_them(grain: SpeckleGrain) -> None:
    grid = a_grid(160, 120)
    image = np.clip(20 * np.log10(np.abs(speckle(grid, 1))) - 20, -60, 0).astype(np.float32)
    expected = Enhancer("light-quadrant", grain=grain.both)(image)
    grey = torch.from_numpy(normalized(image, 60.0))[None, None]
    with torch.inference_mode():
        shown = AsShown(MODEL, grain)(grey).clamp(0, 1)[0, 0].numpy()
    np.testing.assert_allclose(denormalized(shown, 60.0), expected, atol=0.01)


def test_without_a_grain_the_network_is_bare() -> None:
    grey = torch.rand((2, 1, 64, 48))
    with torch.inference_mode():
        torch.testing.assert_close(AsShown(MODEL, None)(grey), MODEL.network(grey))
