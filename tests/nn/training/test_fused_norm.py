import copy

import pytest
import torch

from sonolucent.nn.training.fused_norm import fuse_norms
from sonolucent.nn.unet import FullUNet, LightUNet


@pytest.mark.parametrize("make", [LightUNet, FullUNet])
def test_a_network_with_fused_norms_computes_and_learns_the_same(make: type[LightUNet | FullUNet]) -> None:
    torch.manual_seed(3)
    plain = make()
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    plain = plain.double()
    fused = copy.deepcopy(plain).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    fuse_norms(fused)
    assert list(fused.state_dict()) == list(plain.state_dict())

    given = torch.rand(2, 1, 50, 33, dtype=torch.float64)
    outputs = []
    for network in (plain, fused):
        output = network(given)
        (output * torch.linspace(-1, 1, output.numel()).reshape(output.shape)).sum().backward()
        outputs.append(output)
    torch.testing.assert_close(outputs[1], outputs[0])
    scale = max(parameter.grad.abs().max().item() for parameter in plain.parameters())
    for name, parameter in plain.named_parameters():
        torch.testing.assert_close(fused.get_parameter(name).grad, parameter.grad, rtol=1e-7, atol=1e-12 * scale)
    fused_anew = copy.deepcopy(fused)
    fuse_norms(fused_anew)
    assert [type(module) for module in fused_anew.modules()] == [type(module) for module in fused.modules()]
