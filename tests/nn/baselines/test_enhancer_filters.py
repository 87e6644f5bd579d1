"""Filters stand wherever an enhancement is named."""

import numpy as np
import pytest

from sonolucent.nn import Enhancer, ModelError
from sonolucent.nn.baselines import COMPOUNDS, FILTERS


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-60, 0, (62, 40)).astype(np.float32)


@pytest.mark.parametrize("name", FILTERS)
def test_an_enhancer_goes_by_its_filter_s_name(name, image):
    enhancer = Enhancer(name)
    assert (enhancer.model, enhancer.device, enhancer.backend) == (name, "cpu", "filter")
    out = np.empty_like(image)
    assert enhancer(image, out) is out
    np.testing.assert_array_equal(out, FILTERS[name](image))


def test_undefined_pixels_count_as_the_floor(image):
    image[5, 6], image[7, 8] = np.nan, np.inf
    defined = image.copy()
    defined[5, 6], defined[7, 8] = -60, 0
    for name in FILTERS:
        np.testing.assert_array_equal(Enhancer(name)(image), FILTERS[name](defined))


def test_several_images_are_filtered_each_for_itself(image):
    several = Enhancer("median")(np.stack([image, image[::-1]]))
    np.testing.assert_array_equal(several[1], FILTERS["median"](image[::-1]))


def test_a_filter_is_no_network():
    with pytest.raises(ModelError, match="srad is a filter"):
        Enhancer("srad").torch_module()


@pytest.mark.parametrize("name", COMPOUNDS)
def test_compounding_of_b_mode_is_refused(name):
    with pytest.raises(ModelError, match="needs the complex image"):
        Enhancer(name)


def test_a_name_that_is_nothing_says_what_there_is():
    with pytest.raises(ModelError, match="srad"):
        Enhancer("strad")
