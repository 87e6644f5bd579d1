"""The enhance stage: the shipped light network on the CPU, 620 x 256."""

import numpy as np
import pytest
import torch

from sonolucent.nn import Enhancer

from .conftest import OverBudget

SHAPE = (620, 256)


def speckle_db():
    envelope = np.random.default_rng(0).rayleigh(0.1, SHAPE)
    return np.maximum(20 * np.log10(envelope), -60).astype(np.float32)


def assert_computes_what_eager_does(enhancer, image_db):
    with torch.inference_mode():
        grey = enhancer.torch_module()(torch.from_numpy(image_db / 60 + 1)[None, None])[0, 0].clamp(0, 1)
    np.testing.assert_allclose(enhancer(image_db) / 60 + 1, grey.numpy(), atol=1e-4)


@pytest.mark.xfail(raises=OverBudget, reason="13.6 ms, not 12, on one thread where the last cache is slow")
@pytest.mark.parametrize("threads", [1, 2])
def test_light_network(benchmark, within_budget, threads):
    enhancer = Enhancer("cpu", threads=threads, grain="off")  # its speckle is white
    image_db, out = speckle_db(), np.empty(SHAPE, np.float32)
    assert_computes_what_eager_does(enhancer, image_db)
    enhancer.warm_up(SHAPE)
    benchmark.pedantic(enhancer, args=(image_db, out), rounds=60, warmup_rounds=3)
    within_budget("enhance")
