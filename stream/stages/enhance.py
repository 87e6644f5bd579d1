"""B-mode to enhanced B-mode: the second transform of the pipeline."""

from __future__ import annotations

import gc
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from sonolucent.nn import Session
from sonolucent.nn.inference.choice import best_to_lightest
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.stages.adaptive import AdaptiveSession, Steps
from sonolucent.stream.stages.model_watch import ModelWatch
from sonolucent.stream.stages.transform import Transform

ADAPTIVE = "adaptive"


class Enhance(Transform):
    """Adds the enhanced image to the plain one; without a model the image passes and says so.

    A model folder is watched: when it holds another model, that one is loaded aside and takes over between two frames.
    With the model "adaptive" a lighter one does while the stage is over its budget.

    Raises:
        ConfigError: there is no such model, or it is broken, was trained for another dynamic range, or takes no
            images of this size.
    """

    def __init__(self, config: Config, stream: Stream) -> None:
        self._model = config.model
        models = best_to_lightest() if config.model == ADAPTIVE else (config.model,)
        self._watch = ModelWatch(Path(config.model)) if Path(config.model).is_dir() else None
        try:
            self._session = Session(
                models[0],
                stream.grid.shape,
                dynamic_range_db=config.dynamic_range_db,
                threads=_threads(config),
                backend=config.enhance_backend,
            )
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"model {config.model!r}: {error}") from error
        self._enhance: Session | AdaptiveSession = self._session
        if config.model == ADAPTIVE:
            self._enhance = AdaptiveSession(self._session, models, Steps(len(models), _budget_ms(config)))

    def warm_up(self) -> None:
        try:
            self._session.warm_up()
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"model {self._model!r}: {error}") from error
        _exempt_from_garbage_collection()

    def describe(self) -> str:
        return self._enhance.describe()

    def __call__(self, frame: Frame) -> Image:
        if not isinstance(frame, Image):
            raise ConfigError("enhance takes images; in `transforms` it comes after a beamformer")
        if self._watch is not None and self._watch.changed():
            self._session.swap(self._model)
        layers = np.empty((2, *frame.bmode.shape), np.float32)
        layers[0] = frame.bmode
        model, device, backend, reason = self._enhance(layers[0], layers[1])
        if device == "none":
            return replace(frame, skipped=reason)
        return replace(frame, layers=layers, model=model, device=device, backend=backend, skipped="", reason=reason)


open_transform = Enhance


def _budget_ms(config: Config) -> float:
    """The 99th percentile's: a stage that needs more than that for most frames is too slow."""
    return load_budgets(config.budget).stages["enhance"].p99_ms


def _exempt_from_garbage_collection() -> None:
    """Makes the garbage collector pass over all that exists now: looking through it would stop a frame for 0.1 s."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _threads(config: Config) -> int | None:
    """As many as suit the network where frames come at a pace, and find the beamformer at rest; otherwise half the
    cores, for the beamformer works all the while."""
    if config.enhance_threads is not None or not config.as_fast_as_possible:
        return config.enhance_threads
    return max(1, len(os.sched_getaffinity(0)) // 2)
