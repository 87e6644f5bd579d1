"""The simulator: one frame of the reference acquisition."""

import numpy as np
import pytest

from sonolucent.beamform import Acquisition
from sonolucent.sim import simulate


@pytest.mark.parametrize(
    ("n_scatterers", "medium", "limit_s"),
    [
        (20_000, {}, 1.0),
        (200_000, {}, 4.0),
        (200_000, {"attenuation_db_cm_mhz": 0.5}, 4.0),
        (20_000, {"motion_m_per_shot": (0.0, 10e-6)}, 4.0),
    ],
    ids=["sparse", "dense", "attenuated", "moving"],
)
def test_frame(benchmark, n_scatterers, medium, limit_s):
    rng = np.random.default_rng(0)
    scatterers_m = rng.uniform((-20e-3, 2e-3), (20e-3, 40e-3), (n_scatterers, 2))
    arguments = {"scatterers_m": scatterers_m, "amplitudes": rng.standard_normal(n_scatterers), **medium}
    channels = benchmark.pedantic(simulate, args=(Acquisition(),), kwargs=arguments, rounds=5, warmup_rounds=1)
    assert np.array_equal(channels[3, 40], channels[40, 3]) == ("motion_m_per_shot" not in medium)
    assert channels.std() > 0
    assert benchmark.stats.stats.median < limit_s
