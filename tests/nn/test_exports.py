"""What `sonolucent.nn` offers: every name is there, documented, and loaded only when it is asked for."""

import subprocess
import sys
import types

import pytest

import sonolucent.nn
from sonolucent.nn import baselines, despeckling, evaluate, metrics, super_resolution, training


@pytest.mark.parametrize(
    "package", [sonolucent.nn, baselines, despeckling, evaluate, metrics, super_resolution, training]
)
def test_every_name_is_there_and_documented(package: types.ModuleType) -> None:
    for name in package.__all__:
        value = getattr(package, name)
        if isinstance(value, type | types.FunctionType) and value.__module__.startswith("sonolucent"):
            assert value.__doc__, name
            assert not value.__doc__.startswith(f"{name}("), f"{name} has only the docstring that dataclass made"


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Enhancr'"):
        _ = sonolucent.nn.Enhancr


@pytest.mark.parametrize("package", ["sonolucent.nn", "sonolucent.stream", "sonolucent.stream.runtime.run"])
def test_importing_brings_no_torch_which_takes_a_second(package: str) -> None:
    said = subprocess.run(
        [sys.executable, "-c", f"import {package}, sys; print('torch' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "False\n"
