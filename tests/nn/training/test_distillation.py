"""What students are shown beside the images that they are given."""

from __future__ import annotations

import numpy as np
import pytest

from sonolucent.nn.training.distillation import shadow_db


@pytest.mark.parametrize("seed", range(8))
def test_a_shadow_lies_on_one_side_of_an_edge(seed: int) -> None:
    shadow = shadow_db((96, 64), np.random.default_rng(seed))
    assert shadow.shape == (96, 64)
    assert shadow.min() >= -40
    assert shadow.max() <= 0
    profile = shadow[:, 0] if np.ptp(shadow[0]) == 0 else shadow[0]
    assert np.array_equal(shadow, np.broadcast_to(profile[:, None] if len(profile) == 96 else profile, shadow.shape))
    assert len(set(np.sign(np.diff(profile)))) == 1, "it darkens to one side alone"
    assert np.abs(np.diff(profile)).max() < 3, "softly, as no teacher shows a step sharp"


def test_shadows_lie_on_either_side_across_and_along() -> None:
    shadows = [shadow_db((96, 64), np.random.default_rng(seed)) for seed in range(32)]
    darkest = {(np.ptp(of[0]) == 0, bool(of[0, 0] < of[-1, -1])) for of in shadows}
    assert len(darkest) == 4
