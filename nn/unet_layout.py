"""The sizes of the U-Nets, and their weights by name: all that runs them without torch needs to know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["full", "light"]
DEPTH = 4
STRIDE = 2**DEPTH
MIN_SIZE = STRIDE + 1
"""Smallest n_z and n_x. One pixel less leaves a single one at the deepest level, which has no variance to normalise."""


class Layout(NamedTuple):
    """The size of a U-Net; the arguments of `UNet`."""

    base_channels: int
    separable: bool
    bias: bool
    affine: bool = True
    depth: int = DEPTH


LAYOUTS: dict[Kind, Layout] = {
    "full": Layout(16, separable=False, bias=False),
    "light": Layout(8, separable=True, bias=True),
}


def weight_shapes(layout: Layout) -> dict[str, tuple[int, ...]]:
    """The shapes of a U-Net's weights, by the names that they have in its `state_dict`."""
    shapes = dict(_pair("first", 1, layout.base_channels, layout))
    for level in range(layout.depth):
        width = layout.base_channels * 2**level
        shapes |= _pair(f"down.{level}", width, 2 * width, layout)
        step = layout.depth - 1 - level
        shapes |= _convolution(f"up.{step}", 2 * width, width, layout)
        shapes |= _pair(f"merge.{step}", 2 * width, width, layout)
    return shapes | {"head.weight": (1, layout.base_channels, 1, 1), "head.bias": (1,)}


def _pair(name: str, n_in: int, n_out: int, layout: Layout) -> dict[str, tuple[int, ...]]:
    return _convolution(f"{name}.0", n_in, n_out, layout) | _convolution(f"{name}.1", n_out, n_out, layout)


def _convolution(name: str, n_in: int, n_out: int, layout: Layout) -> dict[str, tuple[int, ...]]:
    shapes = dict(_filters(name, n_in, n_out, layout))
    if layout.affine:
        shapes |= {f"{name}.1.weight": (n_out,), f"{name}.1.bias": (n_out,)}
    return shapes


def _filters(name: str, n_in: int, n_out: int, layout: Layout) -> Iterator[tuple[str, tuple[int, ...]]]:
    filters = (
        {f"{name}.0.0": (n_in, 1, 3, 3), f"{name}.0.1": (n_out, n_in, 1, 1)}
        if layout.separable
        else {f"{name}.0": (n_out, n_in, 3, 3)}
    )
    for convolution, shape in filters.items():
        yield f"{convolution}.weight", shape
        if layout.bias:
            yield f"{convolution}.bias", shape[:1]
