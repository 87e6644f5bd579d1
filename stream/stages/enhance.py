"""B-mode to enhanced B-mode: the second transform of the pipeline."""

from __future__ import annotations

import gc
import logging
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from sonolucent.nn import Session
from sonolucent.nn.image_conditions import ImageConditions
from sonolucent.nn.inference.choice import best_to_lightest
from sonolucent.stream.accounting.budgets import load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.stages.adaptive import AdaptiveSession, Steps
from sonolucent.stream.stages.model_watch import ModelWatch
from sonolucent.stream.stages.transform import Transform

ADAPTIVE = "adaptive"
_log = logging.getLogger(__name__)


class Enhance(Transform):
    """Adds the enhanced image to the plain one; without a model the image passes and says so.

    A model folder is watched: when it holds another model, that one is loaded aside and takes over between two frames.
    With the model "adaptive" a lighter one does while the stage is over its budget.

    Raises:
        ConfigError: there is no such model, or it is broken, was trained for another dynamic range, or takes no
            images of this size.
    """

    def __init__(self, config: Config, stream: Stream) -> None:
        self._model, self._range_db = config.model, stream.imaging.dynamic_range_db
        self._said: set[str] = set()
        self._reason = ""
        models = best_to_lightest() if config.model == ADAPTIVE else (config.model,)
        self._watch = ModelWatch(Path(config.model)) if Path(config.model).is_dir() else None
        try:
            self._session = Session(
                models[0],
                stream.grid.shape,
                dynamic_range_db=stream.imaging.dynamic_range_db,
                threads=_threads(config),
                backend=config.enhance_backend,
                grain=config.grain,
                strength=config.strength,
            )
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"model {config.model!r}: {error}") from error
        self._conditions = ImageConditions.of(stream.acquisition, stream.grid)
        self._enhance: Session | AdaptiveSession = self._session
        if config.model == ADAPTIVE:
            self._enhance = AdaptiveSession(self._session, models, Steps(len(models), _budget_ms(config)))

    def warm_up(self) -> None:
        try:
            self._session.warm_up()
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"model {self._model!r}: {error}") from error
        _exempt_from_garbage_collection()
        self._warn()

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._session.outside_training(self._conditions)

    def describe(self) -> str:
        return self._enhance.describe()

    def prepare(self, stream: Stream) -> None:
        try:
            self._session.prepare(stream.grid.shape, stream.imaging.dynamic_range_db)
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"model {self._model!r}: {error}") from error

    def begin(self, stream: Stream) -> None:
        self._session.begin(stream.grid.shape, stream.imaging.dynamic_range_db)
        self._range_db = stream.imaging.dynamic_range_db
        self._conditions = ImageConditions.of(stream.acquisition, stream.grid)
        self._warn()

    def swap_model(self, choice: str) -> bool:
        if ADAPTIVE in (choice, self._model):
            raise ConfigError("the model adaptive is chosen at the start, for the whole run")
        try:
            self._session.swap(choice).result()
        except (ValueError, RuntimeError, OSError) as error:
            raise ConfigError(f"model {choice!r}: {error}") from error
        self._model = choice
        self._watch = ModelWatch(Path(choice)) if Path(choice).is_dir() else None
        self._warn()
        return True

    def soften(self, strength: float) -> bool:
        self._session.strength = strength
        return True

    def _warn(self) -> None:
        """Says once what there is to say of the model on these images."""
        for warning in self.warnings:
            if warning not in self._said:
                self._said.add(warning)
                _log.warning(warning)

    def __call__(self, frame: Frame) -> Image:
        if not isinstance(frame, Image):
            raise ConfigError("enhance takes images; in `transforms` it comes after a beamformer")
        if self._watch is not None and self._watch.changed():
            self._session.swap(self._model)
        if frame.dynamic_range_db != self._range_db:
            return _as_it_came(frame, f"it has {frame.dynamic_range_db:g} dB, the stream {self._range_db:g} dB")
        layers = np.empty((2, *frame.bmode.shape), np.float32)
        layers[0] = frame.bmode
        label = self._enhance(layers[0], layers[1])
        if label.device == "none":
            return _as_it_came(frame, label.reason)
        if label.reason != self._reason:  # the first image may have told how it is matched
            self._reason = label.reason
            self._warn()
        return replace(frame, layers=layers, skipped="", **label._asdict())


open_transform = Enhance


def _as_it_came(frame: Image, why: str) -> Image:
    """A frame that is not enhanced here; one that was recorded may have been when it was made."""
    return frame if frame.enhanced is not None else replace(frame, skipped=why)


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
