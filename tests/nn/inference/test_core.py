"""The native inference stage: its parity with the network in Python, and its errors."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from sonolucent._core import InferenceStage, cuda_device_count
from sonolucent.nn.export.torchscript import write_torchscript

from ..networks import a_network

RANGE_DB = 60.0
PARITY_DB = 60e-4


@pytest.fixture(scope="module")
def ts_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("core") / "net.ts"
    write_torchscript(a_network(), path)
    return path


@pytest.fixture(scope="module")
def stage(ts_file):
    return InferenceStage(str(ts_file), dynamic_range_db=RANGE_DB, threads=1)


def an_image(*shape, seed=0):
    return np.random.default_rng(seed).uniform(-RANGE_DB, 0, shape).astype(np.float32)


def eager(image_db):
    with torch.inference_mode():
        grey = a_network()((torch.from_numpy(image_db)[None, None] / RANGE_DB + 1).clamp(0, 1))
    return ((grey[0, 0] - 1) * RANGE_DB).clamp(-RANGE_DB, 0).numpy()


def enhanced(stage, image_db):
    out = np.empty_like(image_db)
    stage.run(image_db, out)
    return out


@pytest.mark.parametrize("shape", [(17, 17), (31, 37), (64, 48), (97, 101), (620, 256)])
def test_computes_what_the_network_does(stage, shape):
    image = an_image(*shape)
    np.testing.assert_allclose(enhanced(stage, image), eager(image), atol=PARITY_DB)


def test_a_change_of_size_and_back_changes_nothing(stage):
    small, large = an_image(31, 37), an_image(64, 48)
    first = enhanced(stage, small)
    np.testing.assert_allclose(enhanced(stage, large), eager(large), atol=PARITY_DB)
    np.testing.assert_array_equal(enhanced(stage, small), first)


def test_leaves_its_input_alone_and_writes_the_very_out(stage):
    image = an_image(40, 40)
    image.setflags(write=False)
    before, out = image.copy(), np.full_like(image, np.nan)
    stage.run(image, out)
    np.testing.assert_array_equal(image, before)
    assert np.isfinite(out).all()


def test_values_beyond_the_range_are_clipped_before_and_after(stage):
    image = an_image(40, 40)
    image[:4], image[4:8], image[8] = -np.inf, 12.0, -400.0
    out = enhanced(stage, image)
    np.testing.assert_array_equal(out, enhanced(stage, image.clip(-RANGE_DB, 0)))
    assert out.min() >= -RANGE_DB
    assert out.max() <= 0


def test_the_dynamic_range_is_the_one_given(ts_file):
    stage = InferenceStage(str(ts_file), dynamic_range_db=40.0)
    image = an_image(40, 40) * (40 / RANGE_DB)
    np.testing.assert_allclose(enhanced(stage, image) / 40, eager(image * 1.5) / 60, atol=1e-4)


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)  # with another number, trainings of later tests have other last bits


def test_threads_of_the_caller_are_given_back(ts_file, two_threads):
    enhanced(InferenceStage(str(ts_file), threads=1), an_image(40, 40))
    assert torch.get_num_threads() == 2


def test_two_threads_may_share_a_stage(stage):
    images = [an_image(60, 50, seed=s) for s in range(4)]
    expected = [enhanced(stage, image) for image in images]
    results: dict[int, np.ndarray] = {}
    workers = [threading.Thread(target=lambda i=i: results.update({i: enhanced(stage, images[i])})) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for i in range(4):
        np.testing.assert_array_equal(results[i], expected[i])


def test_python_runs_on_while_the_network_does(stage):
    image, entered, finished = an_image(620, 256), threading.Event(), threading.Event()

    def work():
        entered.set()
        enhanced(stage, image)
        finished.set()

    worker = threading.Thread(target=work)
    switch = sys.getswitchinterval()
    sys.setswitchinterval(10.0)  # so that this thread goes on only when the other gives the GIL up
    try:
        worker.start()
        entered.wait()
        went_on_meanwhile = not finished.is_set()
    finally:
        sys.setswitchinterval(switch)
        worker.join()
    assert went_on_meanwhile


def test_needs_no_torch_imported_before():
    subprocess.run([sys.executable, "-c", "import sonolucent._core"], check=True, timeout=60)


@pytest.mark.parametrize(
    ("image", "error", "message"),
    [
        (an_image(20, 20).astype(np.float64), TypeError, "the image must be float32, not float64"),
        (an_image(20, 20).astype(">f4"), TypeError, "must be float32"),
        (an_image(400), ValueError, r"\(n, n_z, n_x\), not of shape \(400,\)"),
        (an_image(1, 1, 20, 20), ValueError, r"not of shape \(1, 1, 20, 20\)"),
        (an_image(0, 20), ValueError, r"not of shape \(0, 20\)"),
        (an_image(20, 20).T[1:], ValueError, "the image must be C-contiguous"),
    ],
)
def test_a_wrong_image_is_refused(stage, image, error, message):
    with pytest.raises(error, match=message):
        stage.run(image, an_image(20, 20))


def read_only():
    out = an_image(20, 20)
    out.setflags(write=False)
    return out


@pytest.mark.parametrize(
    ("out", "error", "message"),
    [
        (an_image(20, 20).astype(np.float64), TypeError, "out must be float32"),
        (an_image(20, 21), ValueError, r"out has shape \(20, 21\), the image \(20, 20\)"),
        (an_image(20, 40)[:, ::2], ValueError, "out must be C-contiguous"),
        (read_only(), ValueError, "out is read-only"),
    ],
)
def test_a_wrong_out_is_refused(stage, out, error, message):
    with pytest.raises(error, match=message):
        stage.run(an_image(20, 20), out)


def test_an_out_that_overlaps_is_refused(stage):
    both = an_image(41, 20)
    for image, out in [(both[:20], both[:20]), (both[:20], both[19:39]), (both[19:39], both[:20])]:
        with pytest.raises(ValueError, match="overlaps"):
            stage.run(image, out)
    stage.run(both[:20], both[20:40])


def test_an_image_too_small_for_the_network_is_an_error_not_a_crash(stage):
    with pytest.raises(RuntimeError, match="pad"):
        enhanced(stage, an_image(4, 4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"device": "tpu"}, "'tpu' is not a device here"),
        ({"device": "meta"}, "use cpu or cuda:N"),
        ({"threads": 0}, "threads must be positive"),
        ({"dynamic_range_db": 0.0}, "dynamic_range_db must be positive"),
        ({"dynamic_range_db": float("nan")}, "dynamic_range_db must be positive"),
    ],
)
def test_a_wrong_argument_is_refused(ts_file, arguments, message):
    with pytest.raises(ValueError, match=message):
        InferenceStage(str(ts_file), **arguments)


@pytest.mark.skipif(cuda_device_count() > 0, reason="this machine has a CUDA device")
def test_an_absent_gpu_is_named(ts_file):
    with pytest.raises(RuntimeError, match="'cuda:0' is not there"):
        InferenceStage(str(ts_file), device="cuda:0")


@pytest.mark.skipif(cuda_device_count() == 0, reason="needs a CUDA device")
def test_a_gpu_computes_what_the_cpu_does(ts_file, stage):
    image = an_image(620, 256)
    on_gpu = enhanced(InferenceStage(str(ts_file), device="cuda:0"), image)
    np.testing.assert_allclose(on_gpu, enhanced(stage, image), atol=0.1)


def test_a_bad_file_is_refused(tmp_path, ts_file):
    whole = ts_file.read_bytes()
    files = {"empty": b"", "text": b"not a network", "half": whole[: len(whole) // 2], "no_tail": whole[:-100]}
    for name, content in files.items():
        path = tmp_path / f"{name}.ts"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}.ts: not a network in TorchScript"):
            InferenceStage(str(path))


def test_a_missing_file_or_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"gone\.ts: no such file"):
        InferenceStage(str(tmp_path / "gone.ts"))
    other = tmp_path / "net.onnx"
    other.write_bytes(b"")
    with pytest.raises(ValueError, match=r"no backend for the suffix '\.onnx'"):
        InferenceStage(str(other))


class Halves(torch.nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return image[..., ::2]


def test_a_network_of_another_shape_is_an_error(tmp_path):
    write_torchscript(Halves(), tmp_path / "halves.ts")
    stage = InferenceStage(str(tmp_path / "halves.ts"))
    with pytest.raises(RuntimeError, match=r"shape \[1, 1, 20, 10\] from Float of shape \[1, 1, 20, 20\]"):
        enhanced(stage, an_image(20, 20))
