"""Times tasks in turn, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np

Key = TypeVar("Key")


def milliseconds(tasks: dict[Key, Callable[[], object]], rounds: int) -> dict[Key, np.ndarray]:
    """Milliseconds (rounds,) of each task, after one untimed run of each."""
    for task in tasks.values():
        task()
    taken: dict[Key, list[float]] = {key: [] for key in tasks}
    for _ in range(rounds):
        for key, task in tasks.items():
            begun = time.perf_counter()
            task()
            taken[key].append(1e3 * (time.perf_counter() - begun))
    return {key: np.array(values) for key, values in taken.items()}
