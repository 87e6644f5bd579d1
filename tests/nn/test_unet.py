import pytest
import torch

from sonolucent.nn.unet import FullUNet, LightUNet, UNet
from sonolucent.nn.unet_layout import LAYOUTS, MIN_SIZE, Layout, weight_shapes

SIZES = [(MIN_SIZE, MIN_SIZE), (16, 17), (31, 37), (32, 48), (97, 101), (65, 256)]


def randomised(network: UNet) -> UNet:
    """A network whose head is not the identity."""
    torch.manual_seed(5)
    torch.nn.init.normal_(network.head.weight)
    return network.eval()


@pytest.mark.parametrize(("network", "count"), [(FullUNet, 2_160_129), (LightUNet, 72_179)])
def test_parameter_count_is_that_of_the_published_sizes(network, count):
    assert sum(p.numel() for p in network().parameters()) == count


@pytest.mark.parametrize("network", [FullUNet, LightUNet])
def test_an_untrained_network_is_the_identity(network):
    image = torch.rand(2, 1, 33, 50)
    with torch.inference_mode():
        torch.testing.assert_close(network()(image), image, rtol=0, atol=0)


@pytest.mark.parametrize("size", SIZES)
def test_every_size_comes_back_as_it_went_in(size):
    network = randomised(LightUNet())
    image = torch.rand(1, 1, *size)
    with torch.inference_mode():
        out = network(image)
    assert out.shape == image.shape
    assert torch.isfinite(out).all()
    assert not torch.allclose(out, image)


def test_padding_mirrors_the_far_edges():
    network = randomised(LightUNet())
    image = torch.rand(1, 1, 30, 41)
    mirrored = torch.nn.functional.pad(image, (0, 7, 0, 2), mode="reflect")
    with torch.inference_mode():
        torch.testing.assert_close(network(image), network(mirrored)[..., :30, :41])


@pytest.mark.parametrize("network", [FullUNet, LightUNet])
def test_both_exporters_take_the_network(network):
    eager = randomised(network())
    image = torch.rand(1, 1, 37, 53)
    scripted = torch.jit.script(eager)
    exported = torch.export.export(eager, (image,)).module()
    with torch.inference_mode():
        expected = eager(image)
        torch.testing.assert_close(scripted(image), expected)
        torch.testing.assert_close(exported(image), expected)


def test_one_script_serves_every_size():
    eager = randomised(LightUNet())
    scripted = torch.jit.script(eager)
    for size in SIZES:
        image = torch.rand(1, 1, *size)
        with torch.inference_mode():
            torch.testing.assert_close(scripted(image), eager(image))


@pytest.mark.slow
def test_overfits_one_pair():
    torch.manual_seed(0)
    image, target = torch.rand(1, 1, 32, 32), torch.rand(1, 1, 32, 32)
    network = UNet(8, separable=False, bias=False)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(200):
        loss = torch.nn.functional.l1_loss(network(image), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss < 0.02 < torch.nn.functional.l1_loss(image, target)


@pytest.mark.parametrize(
    "layout",
    [
        *LAYOUTS.values(),
        Layout(3, separable=True, bias=False, affine=False, depth=2),
        Layout(2, separable=False, bias=True, depth=1),
    ],
)
def test_the_shapes_of_weights_are_known_without_torch(layout):
    state = UNet(**layout._asdict()).state_dict()
    assert weight_shapes(layout) == {name: tuple(tensor.shape) for name, tensor in state.items()}
