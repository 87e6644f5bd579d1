"""The Enhancer: picks a device and a model, and enhances B-mode images through the native stage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sonolucent.nn.image_conditions import ImageConditions, outside_training
from sonolucent.nn.image_methods import Cost, Fitting
from sonolucent.nn.images import BMode, ImageShape, larger_shape, require_images
from sonolucent.nn.inference.choice import choose
from sonolucent.nn.inference.grain_matching import MatchedNetwork
from sonolucent.nn.inference.image_by_image import copied, filtered, fitted, plain_enlarged
from sonolucent.nn.inference.image_grain import GrainChoice, ImageGrain
from sonolucent.nn.inference.runner import Runner, run_in, runner
from sonolucent.nn.inference.strength import require_strength, soften
from sonolucent.nn.model_folder import Model, ModelError, cost_of, load_model

if TYPE_CHECKING:
    from torch import nn

_WARM_UP_RUNS = 3  # TorchScript profiles the first two and compiles on the third
_DEFAULT_RANGE_DB = 60.0


class Enhancer:
    """Enhances B-mode images (n_z, n_x), or several at a time (n, n_z, n_x), float32 in [-dynamic_range_db, 0] dB.

    A method that learns from the image (`sonolucent.nn.OFFLINE_METHODS`) takes minutes for each, and what it makes is
    `scale` times as large.

    Values beyond the range are clipped, infinite ones too; undefined ones (NaN) count as its floor.

    Args:
        choice: "auto" (a CUDA device present: the full network on it; otherwise the light one on the CPU), "cpu",
            "cuda:N", "none" (images pass through unchanged), the name of a classical filter (median, srad, nlm, obnlm:
            `sonolucent.nn.baselines`), the name of a model that comes with the package (light-quadrant, full-quadrant,
            light-paper), that of a method such as zssr or zssr-x4, or the path of a model folder.
        shape: (n_z, n_x) of all images, where that is known beforehand; some code is compiled for one size.
        threads: threads of the CPU that one image may use; as many as OMP_NUM_THREADS says, or there are cores, by
            default.
        backend: runs a network on the CPU: "torchscript", "fused-NAME", NAME being one of `sonolucent doctor`'s
            kernels, "fused-bf16", which is the fastest that multiplies in bf16, or "aotinductor", for a package in the
            folder. By default the fastest that computes in f32.
        grain: "auto" measures the speckle grain of the first image that shows enough of it, and from then on shows the
            network images resampled to the grain that it was trained on, if the two differ by more than a fifth; "off"
            does not; "ROWSxCOLUMNS", or a pair, gives the grain (`SpeckleGrain`). For images that are made in another
            way take another Enhancer, or `forget_grain`.
        strength: how much of the enhancement is shown, in dB: 0 the plain image, 1 the enhanced one.
        fitting: how much such a method may learn of each image; as published by default.
        executor: does what takes long without Python's lock, loading and warming up; the calling thread by default.

    Attributes:
        model: id of the model on every image it makes, `name@hash`, or the filter's name; "none" when images pass
            through.
        device: "cpu", "cuda:N", or "none".
        dynamic_range_db: the range the model was trained for.
        scale: rows and columns of enhanced images over those of plain ones.
        cost: "live" where an image takes milliseconds, else "offline".
        image_grain: the speckle grain of the images, as far as it is known.
        strength: as given; it may be changed at any time.

    Raises:
        ModelError: the model folder is missing or broken, or `choice` is none of the above.
        ValueError: the model takes no images of that `shape`, `threads` is not positive, `backend` not to be had for
            this model, device or processor, or `grain` or `strength` is none.
        RuntimeError: the CUDA device asked for is not there.
    """

    def __init__(
        self,
        choice: str | Path = "auto",
        *,
        shape: tuple[int, int] | None = None,
        threads: int | None = None,
        backend: str | None = None,
        grain: GrainChoice | ImageGrain = "auto",
        strength: float = 1.0,
        fitting: Fitting | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.strength = require_strength(strength)
        chosen = choose(choice)
        self.scale = 1 if chosen.method is None else chosen.method.scale
        self.cost: Cost = "live" if chosen.method is None else chosen.method.cost
        self.device, self._why = chosen.device, chosen.reason
        self.model, self.dynamic_range_db = "none", _DEFAULT_RANGE_DB
        self._backend, self._executor = "none", executor
        self._model: Model | None = None
        self._network: MatchedNetwork | None = None
        self._run: Callable[[BMode, BMode], None] = copied
        if chosen.folder is not None:
            self._model = load_model(chosen.folder)
            self.cost = cost_of(self._model.info.kind)
            self.model, self.dynamic_range_db = self._model.id, self._model.info.dynamic_range_db
        self.image_grain = grain if isinstance(grain, ImageGrain) else ImageGrain(grain, self.dynamic_range_db)
        if chosen.folder is not None and self._model is not None:
            if shape is not None:
                self._model.require_shape(shape)
            load = partial(self._load, self._model, chosen.folder, threads, backend)
            self._run = self._network = MatchedNetwork(self._model, self.image_grain, load, shape)
        if (chosen.filter or chosen.method) and backend is not None:
            raise ValueError(f"the backend {backend!r} runs networks, and {choice} is a filter; leave one out")
        if chosen.filter is not None:
            self.model, self._backend = str(choice), "filter"
            self._run = partial(filtered, chosen.filter)
        if chosen.method is not None:
            fitting = fitting or Fitting()
            self.model, self._backend, self.device = chosen.method.name, "filter", fitting.device
            self._run = partial(fitted, chosen.method, fitting)

    def _load(
        self, model: Model, folder: Path, threads: int | None, backend: str | None, shape: ImageShape | None
    ) -> Runner:
        # Once images wait for it, nothing is to be spared.
        executor = self._executor if self._network is None else None
        return runner(model, folder, self.device, shape, threads, backend, executor)

    @property
    def backend(self) -> str:
        """What runs the model, such as "fused-avx512", "torchscript" or "filter"; "none" when images pass through."""
        return self._backend if self._network is None else self._network.by.backend

    @property
    def takes_any_shape(self) -> bool:
        """Whether images may change their shape at once; otherwise something is compiled for each."""
        return self._network is None or self._network.by.takes_any_shape

    @property
    def grain(self) -> str:
        """How images are matched to the speckle grain that the model knows, in words; empty where it knows none."""
        return "" if self._network is None else self._network.told

    @property
    def reason(self) -> str:
        """Why model, device and backend were picked."""
        return self._why if self._network is None else f"{self._why}; {self.backend}: {self._network.by.reason}"

    def forget_grain(self, grain: ImageGrain | None = None) -> None:
        """From now on images are made in another way: their grain is `grain`, or is measured anew."""
        self.image_grain = grain or self.image_grain.anew(self.dynamic_range_db)
        if self._network is not None:
            self._network.grain = self.image_grain

    def __call__(self, image_db: BMode, out: BMode | None = None) -> BMode:
        """The enhanced images, `scale` times as large and of the same range; the GIL is released meanwhile.

        Args:
            image_db: C-contiguous.
            out: written to and returned when given; must not overlap `image_db`.

        Raises:
            TypeError: an array is not float32.
            ValueError: a shape the model does not take, an array that is not contiguous, an `out` that does not fit.
        """
        out = np.empty(larger_shape(image_db.shape, self.scale), np.float32) if out is None else out
        require_images(image_db, out, self.scale)
        if self._model is not None:
            self._model.require_shape(image_db.shape)
        self._run(image_db, out)
        if self.device != "none" and self.strength != 1:
            soften(plain_enlarged(image_db, self.scale), out, self.strength, self.dynamic_range_db)
        return out

    def require_shape(self, shape: tuple[int, int]) -> None:
        """Raises:
        ValueError: the model takes no images of that shape.
        """
        if self._model is not None:
            self._model.require_shape(shape)

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Runs the model on images of `shape` until it is at full speed.

        Raises:
            ModelError: what it makes of speckle is not finite.
            ValueError: a shape the model does not take.
        """
        self.require_shape(shape)
        seen, run = shape, self._run
        if self._network is not None:
            self._network.warm_up()
            seen, run = self._network.prepare(shape), self._network.by.run
        envelope = np.random.default_rng(0).rayleigh(0.1, seen)
        image_db = np.maximum(20 * np.log10(envelope), -self.dynamic_range_db).astype(np.float32)
        out = np.empty_like(image_db)
        for _ in range(_WARM_UP_RUNS):
            run_in(self._executor, partial(run, image_db, out))
            if not np.isfinite(out).all():
                raise ModelError(f"{self.model} makes undefined values of plain speckle; its weights are bad")
        soften(image_db, out, 0.5, self.dynamic_range_db)

    def outside_training(self, used: ImageConditions) -> tuple[str, ...]:
        """A sentence each where images like these are not what the network was trained on; none elsewhere, of filters,
        and where the model does not say."""
        if self._model is None or self._network is None:
            return ()
        trained, matches = self._model.info.trained_on, self._network.matches
        found = outside_training(self.model, trained, used, grain_matched=matches)
        return (*found, f"{self.model}: {self.grain}") if self._network.short else found

    def describe(self) -> str:
        """What enhances, where, by what, and why, in one line."""
        if self.device == "none":
            return self.reason
        matched = f"; {self.grain}" if self.grain else ""
        return f"{self.model} on {self.device} by {self.backend}: {self.reason}{matched}"

    def torch_module(self) -> nn.Module:
        """The network with its weights, grey 0..1 in and out, (n, 1, n_z, n_x); the identity for "none".

        Raises:
            ModelError: a filter is no network.
        """
        if self.backend == "filter":
            raise ModelError(f"{self.model} is a filter, not a network; choose a model folder, or auto")
        if self._model is not None:
            return self._model.network
        from torch import nn

        return nn.Identity()
