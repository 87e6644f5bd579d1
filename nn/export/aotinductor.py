"""From a network to a package of AOTInductor: machine code for one shape of image and processors like this one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import torch
from torch import nn


def write_package(network: nn.Module, path: Path, shape: tuple[int, int]) -> None:
    """Compiles `network` (float32, grey 0..1 in and out) for images (n_z, n_x) into `path`: whole or not at all.

    It takes a minute and a C++ compiler. The package runs on the device the network is on, and on processors with
    the vector instructions of this one.

    Raises:
        ValueError: `path` does not end in `.pt2`.
        RuntimeError: there is no compiler, or it failed.
    """
    if path.suffix != ".pt2":
        raise ValueError(f"{path}: a package's name ends in .pt2")
    from torch._inductor.cpp_builder import get_cpp_compiler  # slow to import, and few need it
    from torch._inductor.utils import fresh_cache

    get_cpp_compiler()  # raises now what would come up after a minute
    device = next(network.parameters()).device
    with torch.no_grad():
        program = torch.export.export(network.eval(), (torch.rand(1, 1, *shape, device=device),))
    says = {"image_shape": f"{shape[0]} x {shape[1]}"}
    path.parent.mkdir(parents=True, exist_ok=True)
    # A cache of its own: two processes that compile the same network at once write to the same files of the shared one.
    with tempfile.TemporaryDirectory(dir=path.parent) as folder, fresh_cache(dir=folder):
        draft = torch._inductor.aoti_compile_and_package(
            program,
            package_path=str(Path(folder) / path.name),
            inductor_configs={"freezing": True, "cpp.dynamic_threads": True, "aot_inductor.metadata": says},
        )
        os.replace(draft, path)
