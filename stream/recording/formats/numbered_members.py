"""What the UFF of the other standard is built of: lists whose members are numbered, and numbers by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from sonolucent.stream.recording import hdf5, layout
from sonolucent.stream.recording.sanity import Claim, number


class NumberedMembers:
    """The numbered members of a list, or the one thing that it is; each is opened when it is asked for.

    Args:
        group: the list.

    Raises:
        ValueError: it is none, or holds more names than its file may.
    """

    def __init__(self, group: h5py.Group) -> None:
        self._group = group
        self._names = [name for name in hdf5.members(group) if name.isdecimal()] or ["."]

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, index: int) -> h5py.Group:
        return self._group[self._names[index]]

    def __iter__(self) -> Iterator[h5py.Group]:
        return (self._group[name] for name in self._names)


def index_of(group: h5py.Group, name: str) -> int:
    """An index, from 0; in the file they count from 1."""
    return int(number(claim(group, name))) - 1


def point(group: Any) -> NDArray[np.float64]:
    """x, y and z of a position, a translation or a rotation; zero where it is not given."""
    if group is None:
        return np.zeros(3)
    return np.array([number(claim(group, axis)) if hdf5.holds(group, axis) else 0.0 for axis in "xyz"])


def claim(group: h5py.Group, name: str) -> Claim:
    """What a group says under that name.

    Raises:
        ValueError: nothing.
    """
    if not hdf5.holds(group, name):
        raise ValueError(f"{group.name.strip('/')}/{name} is missing")
    return Claim(f"{group.name}/{name}".strip("/"), layout.read_values(group[name]))


def optional_claim(group: h5py.Group, name: str) -> Claim:
    """The same, with the value None where it says nothing."""
    return claim(group, name) if hdf5.holds(group, name) else Claim(f"{group.name}/{name}".strip("/"), None)
