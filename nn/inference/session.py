"""A Session: an enhancer whose model is exchanged between two images, while they keep coming."""

from __future__ import annotations

import logging
import os
import sys
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sonolucent.beamform.compute.switching import quick_to_yield
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.image_methods import is_offline, not_live
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.enhancer import Enhancer
from sonolucent.nn.inference.image_grain import GrainChoice, GrainSeen, ImageGrain
from sonolucent.nn.inference.strength import require_strength
from sonolucent.nn.model_folder import ModelError

_LOW_PRIORITY = 10
_log = logging.getLogger(__name__)


class Label(NamedTuple):
    """What made an image: the `Enhancer`'s attributes of the same names."""

    model: str
    device: str
    backend: str
    reason: str
    strength: float


class _Prepared(NamedTuple):
    """An enhancer that waits for images of its kind."""

    choice: str | Path
    images: _Images
    enhancer: Enhancer
    grain: ImageGrain


class _Images(NamedTuple):
    """What the images to be enhanced have in common."""

    shape: tuple[int, int]
    dynamic_range_db: float


class Session:
    """Enhances images, one after another, with a model that can be swapped meanwhile, and so can their shape and range.

    It loads the first model; `warm_up` brings that to full speed.

    Args:
        choice: the first model, as `Enhancer` takes it.
        shape: (n_z, n_x) of the images to come.
        dynamic_range_db: of those images; at most what the model was trained for.
        threads: of the CPU, for one image.
        backend: of networks on the CPU, as `Enhancer` takes it.
        grain: of the images' speckle, as `Enhancer` takes it; "auto" measures it anew after every `begin`.
        strength: as `Enhancer` takes it.
        live: whether images come at their own pace; files wait, so that a model may take its time.

    Raises:
        ModelError: the model is missing or broken, was trained for less of a range, or takes minutes an image.
        ValueError: images of this shape do not suit the model, the backend does not, or grain or strength is none.
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
        grain: GrainChoice = "auto",
        strength: float = 1.0,
        live: bool = True,
    ) -> None:
        self._strength = require_strength(strength)
        self._choice, self._threads, self._backend, self._live = choice, threads, backend, live
        self._images = _Images(shape, dynamic_range_db)
        self._grain = ImageGrain(grain, dynamic_range_db)
        self._enhancer = self._load(choice, self._images, self._grain, None)
        self._next: tuple[Enhancer, _Images] | None = None
        self._prepared: _Prepared | None = None
        self._one_image = threading.Lock()
        self._swapping = ThreadPoolExecutor(max_workers=1, thread_name_prefix="swap")
        # Loading would otherwise take frames half their cores for as long. Only what holds no lock of Python's may be
        # done there: a thread that others do not let run, and that holds it, holds up every frame.
        self._low_priority = ThreadPoolExecutor(1, thread_name_prefix="load", initializer=_lower_priority)

    def __call__(self, image_db: BMode, out: BMode) -> Label:
        """Enhances `image_db` into `out`, both as `Enhancer` takes them; returns what did it."""
        with self._one_image:
            self._take_over()
            self._enhancer.strength = self._strength
            self._enhancer(image_db, out)
            np.maximum(out, -self._images.dynamic_range_db, out=out)
            return self._label(self._enhancer)

    @property
    def strength(self) -> float:
        """How much of the enhancement the next image will show: 0 the plain image, 1 the enhanced one."""
        return self._strength

    @strength.setter
    def strength(self, strength: float) -> None:
        self._strength = require_strength(strength)

    def warm_up(self) -> None:
        """Runs the model until it is at full speed.

        Raises:
            ModelError: what it makes of speckle is not finite.
        """
        with self._one_image:
            self._enhancer.warm_up(self._images.shape)

    def prepare(self, shape: tuple[int, int], dynamic_range_db: float) -> None:
        """Makes ready for images of another shape or range, while those of before keep coming; `begin` takes them.

        Raises:
            What making a `Session` of them would have raised; then everything stays as it is.
        """
        self._prepared = self._ready_for(_Images(shape, dynamic_range_db))

    @property
    def grain_seen(self) -> GrainSeen:
        """What has been seen of the images' speckle grain since the last `begin`."""
        return self._grain.seen

    def begin(self, shape: tuple[int, int], dynamic_range_db: float, grain_seen: GrainSeen | None = None) -> None:
        """From now on images have this shape and range.

        Args:
            grain_seen: where they continue others, what those have shown of their grain.

        Raises:
            As `prepare`, where that has not been called.
        """
        images, ready = _Images(shape, dynamic_range_db), self._prepared
        if ready is None or ready[:2] != (self._choice, images):
            ready = self._ready_for(images)
        if grain_seen is not None:
            ready.grain.resume(grain_seen)
        with self._one_image:
            if shape != self._images.shape:
                self._enhancer = ready.enhancer
            self._images, self._grain = images, ready.grain
            self._enhancer.forget_grain(ready.grain)
        if self._prepared is ready:
            self._prepared = None

    def _ready_for(self, images: _Images) -> _Prepared:
        choice, enhancer, grain = self._choice, self._enhancer, self._grain.anew(images.dynamic_range_db)
        if images.shape == self._images.shape or enhancer.takes_any_shape:
            enhancer.require_shape(images.shape)
            require_range(enhancer, images.dynamic_range_db)
        else:
            with quick_to_yield():
                enhancer = self._load(choice, images, grain, self._low_priority)
                enhancer.warm_up(images.shape)
        return _Prepared(choice, images, enhancer, grain)

    def outside_training(self, used: ImageConditions) -> tuple[str, ...]:
        """As `Enhancer.outside_training`, of the model of now."""
        return self._enhancer.outside_training(used)

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
            with quick_to_yield():
                following, images = self._loaded(choice)
        except (ValueError, RuntimeError, OSError) as error:
            _log.warning("the model stays %s: %s", self._enhancer.model, error)
            raise
        # Held until no image can be using it any more, so that it is this thread that takes it apart.
        before = self._enhancer
        while not self._gone_over(choice, following, images):  # images changed meanwhile
            following, images = self._loaded(choice)
        _log.info("swapped %s for %s", before.model, following.describe())
        return self._label(following)

    def _gone_over(self, choice: str | Path, following: Enhancer, images: _Images) -> bool:
        """Changes to another enhancer for such images; False where images are others by now."""
        self._next = following, images
        with self._one_image:
            self._take_over()
            if self._enhancer is following:
                self._choice = choice
            return self._enhancer is following

    def _take_over(self) -> None:
        if self._next is not None:
            (following, images), self._next = self._next, None
            if images == self._images:
                self._enhancer = following
                following.forget_grain(self._grain)

    def _loaded(self, choice: str | Path) -> tuple[Enhancer, _Images]:
        """Another enhancer, warmed up for the images of now."""
        images = self._images
        enhancer = self._load(choice, images, self._grain, self._low_priority)
        enhancer.warm_up(images.shape)
        return enhancer, images

    def _load(self, choice: str | Path, images: _Images, grain: ImageGrain, executor: Executor | None) -> Enhancer:
        if is_offline(str(choice)):
            raise ModelError(not_live(str(choice)))
        enhancer = Enhancer(
            choice, shape=images.shape, threads=self._threads, backend=self._backend, grain=grain, executor=executor
        )
        if self._live and enhancer.cost != "live":
            raise ModelError(not_live(str(choice)))
        require_range(enhancer, images.dynamic_range_db)
        return enhancer

    def _label(self, enhancer: Enhancer) -> Label:
        reason = f"{enhancer.reason}; {enhancer.grain}" if enhancer.grain else enhancer.reason
        range_db = self._images.dynamic_range_db
        if enhancer.device != "none" and enhancer.dynamic_range_db > range_db:
            reason = f"{reason}; images of {range_db:g} dB, trained for {enhancer.dynamic_range_db:g} dB"
        return Label(enhancer.model, enhancer.device, enhancer.backend, reason, enhancer.strength)


def require_range(enhancer: Enhancer, dynamic_range_db: float) -> None:
    """
    Raises:
        ModelError: the model was trained for less of a range than images have.
    """
    if enhancer.device != "none" and enhancer.dynamic_range_db < dynamic_range_db:
        raise ModelError(
            f"{enhancer.model} was trained for {enhancer.dynamic_range_db:g} dB, not for {dynamic_range_db:g} dB; "
            f"use dynamic_range_db = {enhancer.dynamic_range_db:g}, or no model"
        )


def _lower_priority() -> None:
    """Of the calling thread, and of those that it starts."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, max(_LOW_PRIORITY, os.getpriority(os.PRIO_PROCESS, thread)))
