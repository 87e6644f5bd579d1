"""Products of matrices on one thread."""

import numpy as np
import pytest

from sonolucent.beamform.compute.matrix_product import product


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 7), (6, 4, 2), (3, 0, 4), (17, 130, 65)])
def test_it_is_the_product(shape):
    n, m, k = shape
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((n, m)), rng.standard_normal((k, m)).T
    np.testing.assert_allclose(product(left, right), left @ right, atol=1e-12)
