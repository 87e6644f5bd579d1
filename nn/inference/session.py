"""A Session: an enhancer whose model is exchanged between two images, while they keep coming."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sonolucent.nn.images import BMode
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.model_folder import ModelError

_SWITCH_INTERVAL_S = 5e-4
_LOW_PRIORITY = 10
_log = logging.getLogger(__name__)


class Label(NamedTuple):
    """What made an image: the `Enhancer`'s attributes of the same names."""

    model: str
    device: str
    backend: str
    reason: str


class Session:
    """Enhances images of one shape and range, one after another, with a model that can be swapped meanwhile.

    It loads the first model; `warm_up` brings that to full speed.

    Args:
        choice: the first model, as `Enhancer` takes it.
        shape: (n_z, n_x) of every image.
        dynamic_range_db: of every image.
        threads: of the CPU, for one image.
        backend: of networks on the CPU, as `Enhancer` takes it.

    Raises:
        ModelError: the model is missing or broken, or was trained for another range.
        ValueError: images of this shape do not suit the model, or the backend does not.
        RuntimeError: the CUDA device asked for is not there.
    """

    def __init__(
        self,
        choice: str | Path,
        shape: tuple[int, int],
        *,
        dynamic_range_db: float = 60.0,
        threads: int | None = None,
        backend: str | None = None,
    ) -> None:
        self._shape, self._dynamic_range_db, self._threads = shape, dynamic_range_db, threads
        self._backend = backend
        self._enhancer = self._load(choice, None)
        self._next: Enhancer | None = None
        self._one_image = threading.Lock()
        self._swapping = ThreadPoolExecutor(max_workers=1, thread_name_prefix="swap")
        # Loading would otherwise take frames half their cores for as long. Only what holds no lock of Python's may be
        # done there: a thread that others do not let run, and that holds it, holds up every frame.
        self._low_priority = ThreadPoolExecutor(1, thread_name_prefix="load", initializer=_lower_priority)

    def __call__(self, image_db: BMode, out: BMode) -> Label:
        """Enhances `image_db` into `out`, both as `Enhancer` takes them; returns what did it."""
        with self._one_image:
            self._take_over()
            self._enhancer(image_db, out)
            return _label(self._enhancer)

    def warm_up(self) -> None:
        """Runs the model until it is at full speed.

        Raises:
            ModelError: what it makes of speckle is not finite.
        """
        with self._one_image:
            self._enhancer.warm_up(self._shape)

    def describe(self) -> str:
        """What enhances, where, by what, and why, in one line."""
        return self._enhancer.describe()

    def swap(self, choice: str | Path) -> Future[Label]:
        """Loads and warms up another model on a spare thread, then changes to it between two images.

        A model that fails is refused: the one before stays, the log says why, and the future raises what `Session`
        or its `warm_up` would have raised. Swaps asked for meanwhile wait their turn.
        """
        return self._swapping.submit(self._swap, choice)

    def _swap(self, choice: str | Path) -> Label:
        try:
            with _short_switch_interval():
                following = self._load(choice, self._low_priority)
                following.warm_up(self._shape)
        except (ValueError, RuntimeError, OSError) as error:
            _log.warning("the model stays %s: %s", self._enhancer.model, error)
            raise
        # Held until no image can be using it any more, so that it is this thread that takes it apart.
        before = self._enhancer
        self._next = following
        with self._one_image:
            self._take_over()
        _log.info("swapped %s for %s", before.model, following.describe())
        return _label(following)

    def _take_over(self) -> None:
        if self._next is not None:
            self._enhancer, self._next = self._next, None

    def _load(self, choice: str | Path, executor: Executor | None) -> Enhancer:
        enhancer = Enhancer(choice, shape=self._shape, threads=self._threads, backend=self._backend, executor=executor)
        if enhancer.device != "none" and enhancer.dynamic_range_db != self._dynamic_range_db:
            raise ModelError(
                f"{enhancer.model} was trained for {enhancer.dynamic_range_db:g} dB, not for "
                f"{self._dynamic_range_db:g} dB; use dynamic_range_db = {enhancer.dynamic_range_db:g}, or no model"
            )
        return enhancer


def _label(enhancer: Enhancer) -> Label:
    return Label(enhancer.model, enhancer.device, enhancer.backend, enhancer.reason)


def _lower_priority() -> None:
    """Of the calling thread, and of those that it starts."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(_LOW_PRIORITY, os.getpriority(os.PRIO_PROCESS, thread)))


@contextmanager
def _short_switch_interval() -> Iterator[None]:
    """Within, a thread that wants Python's lock waits half a millisecond for it, not five: no half of a frame."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _SWITCH_INTERVAL_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
