"""The fused kernels of light networks against eager torch: instruction sets, odd sizes and weights, odd pixels."""

import os
import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage
from sonolucent._fused import fused_kernels
from sonolucent.nn import SHIPPED_MODELS
from sonolucent.nn.export.torchscript import write_torchscript
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.unet import UNet

from .networks import RANGE_DB, SHAPES, a_unet, eager, enhanced, speckle_db

PARITY = 1e-4
TASKS = Path("/proc/self/task")
threads_are_listed = pytest.mark.skipif(not TASKS.exists(), reason="this system lists no threads in /proc")

Write = Callable[[torch.nn.Module], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def as_file(network: torch.nn.Module) -> Path:
        write_torchscript(network, tmp_path / "net.ts")
        return tmp_path / "net.ts"

    return as_file


@pytest.fixture(scope="module")
def shipped() -> UNet:
    return load_model(SHIPPED_MODELS / "light-quadrant").network


@pytest.fixture(scope="module")
def frames(shipped: UNet) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images in dB and what eager torch makes of them with the shipped weights."""
    return [(image, eager(shipped, image)) for image in (speckle_db(*shape) for shape in [*SHAPES, (620, 256)])]


@pytest.fixture(scope="module")
def shipped_file(shipped: UNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fused") / "shipped.ts"
    write_torchscript(shipped, path)
    return path


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kernels", fused_kernels())
def test_trained_weights_on_every_instruction_set(frames, shipped_file, kernels, threads):
    stage = InferenceStage(str(shipped_file), threads=threads, backend=f"fused-{kernels}")
    assert stage.backend == f"fused-{kernels}"
    for image, expected in frames:
        np.testing.assert_allclose(enhanced(stage, image), expected, atol=PARITY, err_msg=str(image.shape))


@pytest.mark.parametrize(
    ("base_channels", "depth", "bias", "affine"),
    [(8, 4, True, True), (8, 4, False, False), (1, 1, True, False), (3, 2, False, True), (13, 3, True, True)],
)
def test_random_weights_of_any_width_and_depth(write, base_channels, depth, bias, affine):
    network = a_unet(base_channels, depth, bias=bias, affine=affine)
    file = str(write(network))
    stages = [InferenceStage(file, threads=2, backend=f"fused-{kernels}") for kernels in fused_kernels()]
    for shape in SHAPES:
        image = speckle_db(*shape)
        expected = eager(network, image)
        for stage in stages:
            message = f"{stage.backend} {shape}"
            np.testing.assert_allclose(enhanced(stage, image), expected, atol=PARITY, err_msg=message)


def test_flat_and_clipped_images(shipped, shipped_file):
    stage = InferenceStage(str(shipped_file), threads=1)
    ramp = np.linspace(-RANGE_DB, 0, 40 * 50, dtype=np.float32).reshape(40, 50)
    for image in (np.full((40, 50), -RANGE_DB, np.float32), np.zeros((40, 50), np.float32), ramp):
        np.testing.assert_allclose(enhanced(stage, image), eager(shipped, image), atol=PARITY)


@pytest.mark.parametrize("backend", ["torchscript", *(f"fused-{kernels}" for kernels in fused_kernels())])
def test_undefined_pixels_count_as_the_floor_and_infinite_ones_are_clipped(shipped_file, backend):
    stage = InferenceStage(str(shipped_file), threads=1, backend=backend)
    image = speckle_db(40, 50)
    image[3, 4], image[5, 6], image[7, 8] = np.nan, np.inf, -np.inf
    repaired = np.nan_to_num(image, nan=-RANGE_DB).clip(-RANGE_DB, 0)
    np.testing.assert_array_equal(enhanced(stage, image), enhanced(stage, repaired))


def test_the_file_runs_the_kernels_in_torch_too(shipped, shipped_file):
    network = torch.jit.load(shipped_file)
    images = torch.rand(3, 1, 45, 38)
    with torch.inference_mode():
        torch.testing.assert_close(network(images), shipped(images), rtol=0, atol=PARITY)
        torch.testing.assert_close(network.plain(images), shipped(images))
        with pytest.raises(RuntimeError, match="on the CPU"):
            network(images.double())


def test_a_frame_allocates_and_faults_nothing(shipped_file):
    stage = InferenceStage(str(shipped_file), threads=2)
    image, out = speckle_db(200, 128), np.empty((200, 128), np.float32)
    stage.run(image, out)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(50):
        stage.run(image, out)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 50


def test_threads_sleep_between_frames(shipped_file):
    stage = InferenceStage(str(shipped_file), threads=2)
    enhanced(stage, speckle_db(64, 64))
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1


@threads_are_listed
def test_a_thread_runs_all_its_models_on_one_team(shipped_file):
    enhanced(InferenceStage(str(shipped_file), threads=3), speckle_db(64, 64))
    before = set(TASKS.iterdir())
    enhanced(InferenceStage(str(shipped_file), threads=3), speckle_db(64, 64))
    assert set(TASKS.iterdir()) <= before


@threads_are_listed
def test_a_team_ends_with_its_thread_and_has_its_priority(shipped_file):
    stage = InferenceStage(str(shipped_file), threads=2)
    before = set(TASKS.iterdir())
    priorities = []

    def run_patiently():
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        enhanced(stage, speckle_db(64, 64))
        mine = set(TASKS.iterdir()) - before
        priorities.extend(os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in mine)

    thread = threading.Thread(target=run_patiently)
    thread.start()
    thread.join()
    assert priorities == [10, 10]
    for _ in range(500):  # the system's thread ends a moment after Python's
        if set(TASKS.iterdir()) <= before:
            return
        time.sleep(0.01)
    pytest.fail("threads of the team outlived theirs")


def test_the_backend_is_the_fastest_that_suits_unless_one_is_named(write, shipped_file):
    stage = InferenceStage(str(shipped_file), threads=1)
    assert stage.backend == f"fused-{fused_kernels()[0]}"
    assert "fastest" in stage.reason
    named = InferenceStage(str(shipped_file), threads=1, backend="torchscript")
    assert (named.backend, named.reason) == ("torchscript", "it was asked for")
    other = InferenceStage(str(write(torch.nn.Conv2d(1, 1, 3, padding=1))), threads=1)
    assert other.backend == "torchscript"
    assert "no fused kernels for this network" in other.reason


def test_a_backend_that_is_not_to_be_had_is_refused(write, shipped_file):
    with pytest.raises(ValueError, match=r"no backend 'onnx'; there are torchscript and fused-NAME"):
        InferenceStage(str(shipped_file), backend="onnx")
    with pytest.raises(ValueError, match=r"no kernels 'sve' for such a network; it has .*portable"):
        InferenceStage(str(shipped_file), backend="fused-sve")
    with pytest.raises(ValueError, match="needs a network of ours"):
        InferenceStage(str(write(torch.nn.Conv2d(1, 1, 3, padding=1))), backend="fused-portable")


def test_a_size_the_network_cannot_take_is_refused(shipped_file):
    stage = InferenceStage(str(shipped_file), threads=1)
    with pytest.raises(RuntimeError, match="8 pixels is too small to be padded"):
        enhanced(stage, speckle_db(8, 40))
    with pytest.raises(RuntimeError, match="single one to normalise"):
        enhanced(stage, speckle_db(16, 16))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("up.1.0.1.weight"), "it has no up.1.0.1.weight"),
        (lambda s: s.pop("head.weight"), "it has no head.weight"),
        (lambda s: s.update({"extra": torch.zeros(1)}), "it has extra"),
        (lambda s: s.update({"head.weight": torch.zeros(1, 1 << 20, 1, 1)}), "takes 1048576 channels"),
        (lambda s: s.update({"head.weight": torch.zeros(8)}), "takes 0 channels"),
        (lambda s: s.update({"first.0.0.0.weight": torch.zeros(2, 1, 3, 3)}), r"first.0.0.0.weight is float32 \[2, 1"),
        (lambda s: s.update({"down.0.0.1.bias": torch.zeros(16).double()}), "down.0.0.1.bias is Double"),
        (lambda s: s.clear(), "0 levels below the first"),
    ],
)
def test_a_state_of_another_network_is_refused(shipped, change, message):
    state = dict(shipped.state_dict())
    change(state)
    with pytest.raises(ValueError, match=message):
        torch.classes.sonolucent.FusedUNet(state)
