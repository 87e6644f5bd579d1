"""The simulator: one frame of the reference acquisition."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition
from sonolucent.sim import simulate


@pytest.mark.parametrize(("n_scatterers", "limit_s"), [(20_000, 5.0), (200_000, 10.0)])
def test_frame(benchmark, n_scatterers, limit_s):
    rng = np.random.default_rng(0)
    scatterers_m = np.stack([rng.uniform(-20e-3, 20e-3, n_scatterers), rng.uniform(2e-3, 40e-3, n_scatterers)], axis=1)
    arguments = {"scatterers_m": scatterers_m, "amplitudes": rng.standard_normal(n_scatterers)}
    channels = benchmark.pedantic(simulate, args=(Acquisition(),), kwargs=arguments, rounds=3, warmup_rounds=1)
    assert np.array_equal(channels[3, 40], channels[40, 3])
    assert channels.std() > 0
    assert benchmark.stats.stats.median < limit_s
