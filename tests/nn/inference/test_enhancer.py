import numpy as np
import pytest
import torch

from sonolucent._core import cuda_device_count
from sonolucent.nn import Enhancer, ModelError
from sonolucent.nn.model_folder import InputRule, load_model, save_model

from ..networks import a_network, an_info

needs_no_gpu = pytest.mark.skipif(cuda_device_count() > 0, reason="this machine has a CUDA device")


@pytest.fixture
def image():
    return np.random.default_rng(0).uniform(-60, 0, (62, 40)).astype(np.float32)


@pytest.fixture(scope="module")
def enhancer(model_folder):
    return Enhancer(model_folder, threads=1)


def test_enhances_as_its_torch_module_does(enhancer, image):
    with torch.inference_mode():
        grey = enhancer.torch_module()(torch.from_numpy(image / 60 + 1)[None, None]).numpy()[0, 0]
    np.testing.assert_allclose(enhancer(image), (grey.clip(0, 1) - 1) * 60, atol=60e-4)


def test_writes_into_the_out_given(enhancer, image):
    out = np.empty_like(image)
    assert enhancer(image, out=out) is out
    np.testing.assert_array_equal(out, enhancer(image))


def test_several_images_at_a_time_are_enhanced_each_for_itself(enhancer, image):
    images = np.stack([image, image[::-1], np.full_like(image, np.nan)])
    for made_by in (enhancer, Enhancer("none")):
        np.testing.assert_array_equal(made_by(images), [made_by(i.copy()) for i in images])


def test_the_dynamic_range_is_the_models(tmp_path, image):
    save_model(tmp_path / "narrow", a_network(), an_info(dynamic_range_db=40.0))
    enhancer = Enhancer(tmp_path / "narrow")
    assert enhancer.dynamic_range_db == 40.0
    assert enhancer(image).min() >= -40.0


def test_names_model_device_and_reason_and_describes_them_in_one_line(model_folder):
    enhancer = Enhancer(str(model_folder))
    assert enhancer.model == load_model(model_folder).id
    assert str(model_folder) in enhancer.reason
    for said in (enhancer.model, enhancer.device, enhancer.backend, enhancer.reason):
        assert said in enhancer.describe()
    assert "\n" not in enhancer.describe()


def test_none_passes_images_through_and_says_so(image):
    enhancer = Enhancer("none")
    assert (enhancer.model, enhancer.device) == ("none", "none")
    assert "unchanged" in enhancer.reason
    passed = enhancer(image)
    np.testing.assert_array_equal(passed, image)
    assert passed is not image
    enhancer.warm_up((62, 40))
    assert isinstance(enhancer.torch_module(), torch.nn.Identity)


def test_none_refuses_what_a_model_refuses(image):
    enhancer = Enhancer("none")
    with pytest.raises(TypeError, match="float32"):
        enhancer(image.astype(np.float64))
    with pytest.raises(ValueError, match=r"\(n_z, n_x\)"):
        enhancer(image[0])
    with pytest.raises(ValueError, match="out of the same shape"):
        enhancer(image, out=np.empty((2, 2), np.float32))


@needs_no_gpu
def test_auto_without_a_gpu_is_the_light_network_on_the_cpu():
    enhancer = Enhancer("auto")
    assert enhancer.device == "cpu"
    assert enhancer.model.startswith("light-quadrant@")
    assert "no CUDA device" in enhancer.reason
    assert Enhancer("cpu").model == enhancer.model


@pytest.mark.skipif(cuda_device_count() == 0, reason="needs a CUDA device")
def test_auto_with_a_gpu_is_on_it(image):
    enhancer = Enhancer("auto")
    assert enhancer.device == "cuda:0"
    assert enhancer(image).shape == image.shape


@needs_no_gpu
def test_an_absent_gpu_is_an_error():
    with pytest.raises(RuntimeError, match="'cuda:3' is not there"):
        Enhancer("cuda:3")


def test_a_choice_that_is_none_of_them_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no such model folder; the other choices are auto, cpu"):
        Enhancer("automatic")
    with pytest.raises(ModelError, match=r"cannot read model\.json"):
        Enhancer(tmp_path)


def test_a_shape_the_model_does_not_take_is_refused(enhancer, tmp_path, image):
    with pytest.raises(ValueError, match=r"at least 17, not \(16, 40\)"):
        enhancer(image[:16])
    with pytest.raises(ValueError, match=r"not \(1, 1, 62, 40\) and"):
        enhancer(image[None, None])
    save_model(tmp_path / "even", a_network(), an_info(input=InputRule(multiple_of=4)))
    with pytest.raises(ValueError, match=r"multiples of 4, not \(62, 40\)"):
        Enhancer(tmp_path / "even")(image)


def test_no_threads_at_all_is_an_error(model_folder):
    with pytest.raises(ValueError, match="threads must be positive"):
        Enhancer(model_folder, threads=0)


def test_bad_weights_fail_the_warm_up(tmp_path):
    network = a_network()
    torch.nn.init.constant_(network.head.weight, torch.nan)
    save_model(tmp_path / "bad", network, an_info())
    with pytest.raises(ModelError, match="its weights are bad"):
        Enhancer(tmp_path / "bad").warm_up((40, 40))
