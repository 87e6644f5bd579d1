"""A Session: an enhancer whose model is exchanged between two images, while they keep coming."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

from sonolucent.nn.enhancer import Enhancer, Image
from sonolucent.nn.model import ModelError
from sonolucent.nn.runner import Aside, here

T = TypeVar("T")
_TURN_S = 5e-4
_log = logging.getLogger(__name__)


class Label(NamedTuple):
    """What made an image: the `Enhancer`'s attributes of the same names."""

    model: str
    device: str
    backend: str
    reason: str


class Session:
    """Enhances images of one shape and range, one after another, with a model that can be swapped meanwhile.

    Args:
        choice: the first model, as `Enhancer` takes it.
        shape: (n_z, n_x) of every image.
        dynamic_range_db: of every image.
        threads: of the CPU, for one image.
        backend: of networks on the CPU, as `Enhancer` takes it.

    Raises:
        ModelError: the model is missing or broken, was trained for another range, or fails its warm-up.
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
        self._backend, self._patient = backend, _Patient()
        self._enhancer, self._label = self._warm(choice, here)
        self._next: tuple[Enhancer, Label] | None = None
        self._one_image = threading.Lock()
        self._spare = ThreadPoolExecutor(max_workers=1, thread_name_prefix="swap")

    def __call__(self, image_db: Image, out: Image) -> Label:
        """Enhances `image_db` into `out`, both as `Enhancer` takes them; returns what did it."""
        with self._one_image:
            self._change()
            self._enhancer(image_db, out)
            return self._label

    def swap(self, choice: str | Path) -> Future[Label]:
        """Loads and warms up another model on a spare thread, then changes to it between two images.

        A model that fails is refused: the one before stays, the log says why, and the future raises what `Session`
        would have raised. Swaps asked for meanwhile wait their turn.
        """
        return self._spare.submit(self._swap, choice)

    def _swap(self, choice: str | Path) -> Label:
        try:
            with _short_turns():
                warm = self._warm(choice, self._patient)
        except (ValueError, RuntimeError, OSError) as error:
            _log.warning("the model stays %s: %s", self._label.model, error)
            raise
        # Held until no image can be using it any more, so that it is this thread that takes it apart.
        before = self._enhancer
        self._next = warm
        with self._one_image:
            self._change()
        _log.info("swapped %s for %s", before.model, warm[1].model)
        return warm[1]

    def _change(self) -> None:
        if self._next is not None:
            (self._enhancer, self._label), self._next = self._next, None

    def _warm(self, choice: str | Path, aside: Aside) -> tuple[Enhancer, Label]:
        enhancer = Enhancer(choice, shape=self._shape, threads=self._threads, backend=self._backend, aside=aside)
        if enhancer.device != "none" and enhancer.dynamic_range_db != self._dynamic_range_db:
            raise ModelError(
                f"{enhancer.model} was trained for {enhancer.dynamic_range_db:g} dB, not for "
                f"{self._dynamic_range_db:g} dB; use dynamic_range_db = {enhancer.dynamic_range_db:g}, or no model"
            )
        enhancer.warm_up(self._shape)
        return enhancer, Label(enhancer.model, enhancer.device, enhancer.backend, enhancer.reason)


class _Patient:
    """Does work in a thread of low priority, which the threads that it starts share: loading and warming up would
    otherwise take frames half their cores for as long.

    Only what holds no lock of Python's: a thread that others do not let run, and that holds it, holds up every frame.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="load", initializer=_step_back)

    def __call__(self, work: Callable[[], T], /) -> T:
        return self._pool.submit(work).result()


def _step_back() -> None:
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(10, os.getpriority(os.PRIO_PROCESS, thread)))


@contextmanager
def _short_turns() -> Iterator[None]:
    """Within, a thread that wants Python's lock waits half a millisecond for it, not five: no half of a frame."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
