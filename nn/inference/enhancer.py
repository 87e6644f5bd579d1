"""The Enhancer: picks a device and a model, and enhances B-mode images through the native stage."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np
from torch import nn

from sonolucent.nn.baselines import Filter
from sonolucent.nn.images import BMode
from sonolucent.nn.inference.choice import choose
from sonolucent.nn.inference.runner import run_in, runner
from sonolucent.nn.model_folder import Model, ModelError, load_model

_WARM_UP_RUNS = 3  # TorchScript profiles the first two and compiles on the third
_DEFAULT_RANGE_DB = 60.0


class Enhancer:
    """Enhances B-mode images (n_z, n_x), or several at a time (n, n_z, n_x), float32 in [-dynamic_range_db, 0] dB.

    Values beyond the range are clipped, infinite ones too; undefined ones (NaN) count as its floor.

    Args:
        choice: "auto" (a CUDA device present: the full network on it; otherwise the light one on the CPU), "cpu",
            "cuda:N", "none" (images pass through unchanged), the name of a classical filter (median, srad, nlm, obnlm:
            `sonolucent.nn.baselines`), or the path of a model folder.
        shape: (n_z, n_x) of all images, where that is known beforehand; some code is compiled for one size.
        threads: threads of the CPU that one image may use; by default all of torch's in the fused kernels, and half of
            them elsewhere, where they would spin between operations and keep others from their cores.
        backend: runs a network on the CPU: "torchscript", or for a light one "fused-NAME", NAME being one of
            `sonolucent doctor`'s kernels; "fused-bf16" is the fastest that multiplies in bf16. By default the fastest
            that suits and computes in f32.
        executor: does what takes long without Python's lock, loading and warming up; the calling thread by default.

    Attributes:
        model: id of the model on every image it makes, `name@hash`, or the filter's name; "none" when images pass
            through.
        device: "cpu", "cuda:N", or "none".
        backend: what runs it, such as "fused-avx512", "torchscript" or "filter"; "none" when images pass through.
        reason: why these were picked.
        dynamic_range_db: the range the model was trained for.

    Raises:
        ModelError: the model folder is missing or broken, or `choice` is none of the above.
        ValueError: the model takes no images of that `shape`, `threads` is not positive, or `backend` not to be had for
            this model, device or processor.
        RuntimeError: the CUDA device asked for is not there.
    """

    def __init__(
        self,
        choice: str | Path = "auto",
        *,
        shape: tuple[int, int] | None = None,
        threads: int | None = None,
        backend: str | None = None,
        executor: Executor | None = None,
    ) -> None:
        chosen = choose(choice)
        self.device, self.reason = chosen.device, chosen.reason
        self.model, self.dynamic_range_db = "none", _DEFAULT_RANGE_DB
        self.backend = "none"
        self._executor = executor
        self._model: Model | None = None
        self._run: Callable[[BMode, BMode], None] = _copy
        if chosen.folder is not None:
            self._model = load_model(chosen.folder)
            if shape is not None:
                self._model.require_shape(shape)
            self.model, self.dynamic_range_db = self._model.id, self._model.info.dynamic_range_db
            self._run, self.backend, why = runner(
                self._model, chosen.folder, self.device, shape, threads, backend, executor
            )
            self.reason = f"{chosen.reason}; {self.backend}: {why}"
        if chosen.filter is not None:
            if backend is not None:
                raise ValueError(f"the backend {backend!r} runs networks, and {choice} is a filter; leave one out")
            self.model, self.backend = str(choice), "filter"
            self._run = partial(_apply, chosen.filter)

    def __call__(self, image_db: BMode, out: BMode | None = None) -> BMode:
        """The enhanced images, of the same shape and range; the GIL is released meanwhile.

        Args:
            image_db: C-contiguous.
            out: written to and returned when given; must not overlap `image_db`.

        Raises:
            TypeError: an array is not float32.
            ValueError: a shape the model does not take, an array that is not contiguous, an `out` that does not fit.
        """
        out = np.empty_like(image_db) if out is None else out
        _require_images(image_db, out)
        if self._model is not None:
            self._model.require_shape(image_db.shape)
        self._run(image_db, out)
        return out

    def warm_up(self, shape: tuple[int, int]) -> None:
        """Runs the model on images of `shape` until it is at full speed.

        Raises:
            ModelError: what it makes of speckle is not finite.
            ValueError: a shape the model does not take.
        """
        envelope = np.random.default_rng(0).rayleigh(0.1, shape)
        image_db = np.maximum(20 * np.log10(envelope), -self.dynamic_range_db).astype(np.float32)
        if self._model is not None:
            self._model.require_shape(shape)
        out = np.empty_like(image_db)
        for _ in range(_WARM_UP_RUNS):
            run_in(self._executor, partial(self._run, image_db, out))
            if not np.isfinite(out).all():
                raise ModelError(f"{self.model} makes undefined values of plain speckle; its weights are bad")

    def describe(self) -> str:
        """What enhances, where, by what, and why, in one line."""
        if self.device == "none":
            return self.reason
        return f"{self.model} on {self.device} by {self.backend}: {self.reason}"

    def torch_module(self) -> nn.Module:
        """The network with its weights, grey 0..1 in and out, (n, 1, n_z, n_x); the identity for "none".

        Raises:
            ModelError: a filter is no network.
        """
        if self.backend == "filter":
            raise ModelError(f"{self.model} is a filter, not a network; choose a model folder, or auto")
        return nn.Identity() if self._model is None else self._model.network


def _apply(filter_: Filter, image_db: BMode, out: BMode) -> None:
    """The filter on every image, defined for undefined and infinite pixels as the networks are."""
    _copy(image_db, out)
    for image in out.reshape(-1, *out.shape[-2:]):
        image[:] = filter_(np.nan_to_num(image, nan=-_DEFAULT_RANGE_DB).clip(-_DEFAULT_RANGE_DB, 0))


def _require_images(image_db: BMode, out: BMode) -> None:
    for name, array in (("the image", image_db), ("out", out)):
        if array.dtype != np.float32:
            raise TypeError(f"{name} must be float32, not {array.dtype}")
    if image_db.ndim not in (2, 3) or out.shape != image_db.shape:
        raise ValueError(
            "images must be (n_z, n_x) or (n, n_z, n_x), and out of the same shape, "
            f"not {image_db.shape} and {out.shape}"
        )


def _copy(image_db: BMode, out: BMode) -> None:
    np.copyto(out, image_db)
