"""The GPU's path: its arithmetic on torch's CPU device, and the whole of it where there is a GPU."""

import numpy as np
import pytest
import torch

from sonolucent._core import cuda_device_count
from sonolucent.nn import SHIPPED_MODELS
from sonolucent.nn.inference import cuda_graph
from sonolucent.nn.inference.cuda_graph import GraphStage, precision
from sonolucent.nn.inference.decibels import Decibels
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.model_folder import load_model

RANGE_DB = 60.0
HALF_DB = 0.12
"""What half precision may change of an image, root mean square: half of one of the 256 grey values of a screen."""

needs_gpu = pytest.mark.skipif(cuda_device_count() == 0, reason="needs a CUDA device")


@pytest.fixture(scope="module")
def network():
    return load_model(SHIPPED_MODELS / "full-quadrant").network


@pytest.fixture
def image():
    envelope = np.random.default_rng(0).rayleigh(0.1, (49, 53))
    return np.maximum(20 * np.log10(envelope), -RANGE_DB).astype(np.float32)


def eager(network, image_db):
    with torch.inference_mode():
        grey = network(torch.from_numpy(image_db / RANGE_DB + 1)[None, None])[0, 0]
    return ((grey - 1) * RANGE_DB).clamp(-RANGE_DB, 0).numpy()


def on_cpu(network, image_db, dtype):
    with torch.inference_mode():
        return Decibels(network, RANGE_DB, dtype)(torch.from_numpy(image_db)[None, None])[0, 0].numpy()


def rms(difference):
    return float(np.sqrt(np.mean(difference**2)))


def test_computes_in_decibels_what_the_network_does(network, image):
    np.testing.assert_allclose(on_cpu(network, image, torch.float32), eager(network, image), atol=60e-4)


@pytest.mark.parametrize("name", ["full-quadrant", "light-quadrant"])
def test_the_precision_that_a_network_gets_cannot_be_seen(name, image):
    network = load_model(SHIPPED_MODELS / name).network
    assert rms(on_cpu(network, image, precision(network)) - eager(network, image)) < HALF_DB


def test_a_full_network_gets_half_precision(network):
    assert precision(network) == torch.float16


def test_undefined_pixels_count_as_the_floor_and_infinite_ones_are_clipped(network, image):
    spoilt = image.copy()
    spoilt[3, 4], spoilt[5, 6], spoilt[7, 8] = np.nan, np.inf, -np.inf
    repaired = np.nan_to_num(spoilt, nan=-RANGE_DB).clip(-RANGE_DB, 0)
    np.testing.assert_array_equal(on_cpu(network, spoilt, torch.float32), on_cpu(network, repaired, torch.float32))


def test_leaves_the_network_as_it_is(network, image):
    Decibels(network, RANGE_DB, torch.float16)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


@needs_gpu
def test_a_gpu_makes_the_image_that_eager_does_whatever_its_size(network, image):
    stage = GraphStage(network, "cuda:0", RANGE_DB)
    for shown in (image, image[:40, :33].copy(), image):
        out = np.empty_like(shown)
        for _ in range(3):
            stage.run(shown, out)
            assert rms(out - eager(network, shown)) < HALF_DB


class FakeSlot:
    """Keeps the rules of a slot on a machine without a GPU: nothing is sent before what was sent before has landed."""

    made = 0
    most_under_way = under_way = 0

    def __init__(self, work, device, shape):
        FakeSlot.made += 1
        self.image = None

    def send(self, image_db):
        assert self.image is None
        self.image = image_db.copy()
        FakeSlot.under_way += 1
        FakeSlot.most_under_way = max(FakeSlot.under_way, FakeSlot.most_under_way)

    def land(self, out):
        out[:], self.image = self.image / 2, None
        FakeSlot.under_way -= 1


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_two_images_are_under_way_and_each_lands_in_its_place(monkeypatch, network, n):
    monkeypatch.setattr(cuda_graph, "_GraphSlot", FakeSlot)
    FakeSlot.made = FakeSlot.most_under_way = 0
    stage = GraphStage(network, "cpu", RANGE_DB)
    images = np.random.default_rng(0).uniform(-60, 0, (n, 20, 18)).astype(np.float32)
    out = np.empty_like(images)
    for _ in range(2):
        stage.run(images, out)
        np.testing.assert_array_equal(out, images / 2)
    assert FakeSlot.under_way == 0
    assert FakeSlot.made == FakeSlot.most_under_way == min(n, 2)


@needs_gpu
def test_a_gpu_makes_several_images_at_a_time(network, image):
    stage = GraphStage(network, "cuda:0", RANGE_DB)
    images = np.stack([image, image[::-1], image[:, ::-1], image, image[::-1, ::-1]])
    out = np.empty_like(images)
    stage.run(images, out)
    for shown, made in zip(images, out, strict=True):
        assert rms(made - eager(network, shown.copy())) < HALF_DB


@needs_gpu
def test_the_enhancer_uses_it():
    assert Enhancer("cuda:0").backend == "cuda-graph"
