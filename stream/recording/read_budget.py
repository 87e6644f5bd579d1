"""How much memory a file may take while it is opened, or while one frame of it is read.

A file tells how large its arrays are, can tell of one array under many names, and of some need not hold a byte. So
whatever is read of it, or made of what was read, is charged here before, each time anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_PACKED = 100
"""Times its size. Channel data are packed to a half or so; zeros could be to a thousandth."""
ANY_BYTES = 1 << 28
"""What any file may take, however small."""
# Of a table of shots: it is checked, sorted and shifted, which takes copies.
_TABLE_COPIES = 6


class ReadBudget:
    """What one file may take, by its size.

    Args:
        path: the file, which may still grow.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._taken = 0

    def charge(self, n_bytes: int, what: str) -> None:
        """Counts them. Raises ValueError where they are more than is left."""
        self._taken += n_bytes
        # A replay goes on when its file is removed: nobody asks for the size of one that takes little.
        if self._taken > ANY_BYTES and self.left() < 0:
            raise ValueError(
                f"with {what}, what is read of the file would take more than {self.left() + self._taken} bytes of "
                "memory, and one of its size may take no more; save it unpacked, or with less in it"
            )

    def left(self) -> int:
        """How many bytes more it may take."""
        return max(ANY_BYTES, MOST_PACKED * self.path.stat().st_size) - self._taken


_current: ContextVar[ReadBudget | None] = ContextVar("read_budget", default=None)


@contextmanager
def bounded(path: Path) -> Iterator[None]:
    """Within, all that is charged counts for the file at `path`; a block within such a block is a part of it."""
    outer = _current.get()
    token = _current.set(outer if outer is not None and outer.path == path else ReadBudget(path))
    try:
        yield
    finally:
        _current.reset(token)


def charge(n_bytes: int, what: str) -> None:
    """Counts bytes before memory is taken for them. Numbers that are of no file, but a user's, cost nothing.

    Args:
        what: is told where they are too many.

    Raises:
        ValueError: the file that is being read may not take them.
    """
    if budget := _current.get():
        budget.charge(n_bytes, what)


def left() -> int:
    """How many bytes more the file that is being read may take."""
    budget = _current.get()
    return ANY_BYTES if budget is None else budget.left()


def shot_table(rows: Iterable[NDArray[np.float64]], what: str) -> NDArray[np.float64]:
    """Rows, one a shot, as one table; each is charged as it is made.

    Raises:
        ValueError: they are of several lengths, or too many for their file.
    """
    made: list[NDArray[Any]] = []
    for row in rows:
        charge(_TABLE_COPIES * row.nbytes, what)
        made.append(row)
    return np.array(made)
