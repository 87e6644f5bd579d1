"""How the cores of a host are shared out among its scanners."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path

_TOPOLOGY = Path("/sys/devices/system/cpu")


def shares(cores: Collection[int], n: int) -> list[frozenset[int]]:
    """Cores for each of `n` scanners: as many of its own for each as there are, and all of them where they do not do.

    What is left over goes to the first ones. Threads of one physical core stay together, and cores of one processor as
    far as that goes.
    """
    if len(cores) < n:
        return [frozenset(cores)] * n
    each, left_over = divmod(len(cores), n)
    ordered = iter(sorted(cores, key=_place))
    return [frozenset(islice(ordered, each + (i < left_over))) for i in range(n)]


@contextmanager
def on_cores(cores: Collection[int]) -> Iterator[None]:
    """Within, processes that this thread starts have these cores, and size their pools of threads by them."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def in_words(cores: Collection[int]) -> str:
    """Such as "cores 0, 1"."""
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, sorted(cores)))}"


def _place(core: int) -> tuple[int, int, int]:
    """Its processor, its physical core there, and its number; the number alone where the system tells no more."""
    place = {"physical_package_id": 0, "core_id": core}
    for name in place:
        with suppress(OSError, ValueError):  # some containers hide it
            place[name] = int((_TOPOLOGY / f"cpu{core}" / "topology" / name).read_text())
    return place["physical_package_id"], place["core_id"], core
