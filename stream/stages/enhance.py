"""B-mode to enhanced B-mode: the second transform of the pipeline."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sonolucent.stream.accounting.budgets import load as load_budgets
from sonolucent.stream.config import Config
from sonolucent.stream.errors import ConfigError
from sonolucent.stream.messages import Frame, Image, Stream
from sonolucent.stream.stages.model_watch import ModelWatch
from sonolucent.stream.stages.protocol import Transform

if TYPE_CHECKING:
    from sonolucent.nn import Session
    from sonolucent.stream.stages.adaptive import AdaptiveSession

ADAPTIVE = "adaptive"
_log = logging.getLogger(__name__)


def enhance(config: Config, stream: Stream) -> Transform:
    """B-mode to B-mode and its enhanced version; without a model the image passes and says so.

    A model folder is watched: when it holds another model, that one is loaded aside and takes over between two frames.
    With the model "adaptive" a lighter one does while the stage is over its budget.

    Raises:
        ConfigError: there is no such model, or it is broken, was trained for another dynamic range, or takes no
            images of this size.
    """
    from sonolucent.nn import Session, best_to_lightest

    models = best_to_lightest() if config.model == ADAPTIVE else (config.model,)
    watch = ModelWatch(Path(config.model)) if Path(config.model).is_dir() else None
    try:
        session = Session(
            models[0],
            stream.grid.shape,
            dynamic_range_db=config.dynamic_range_db,
            threads=_threads(config),
            backend=config.enhance_backend,
        )
        session.warm_up()
        made = _adaptive(session, models, config) if config.model == ADAPTIVE else session
    except (ValueError, RuntimeError) as error:
        raise ConfigError(f"model {config.model!r}: {error}") from error
    _settle()
    _log.info("enhance: %s", made.describe())

    def run(frame: Frame) -> Image:
        image = _image(frame)
        if watch is not None and watch.changed():
            session.swap(config.model)
        layers = np.empty((2, *image.bmode.shape), np.float32)
        layers[0] = image.bmode
        model, device, backend, reason = made(layers[0], layers[1])
        if device == "none":
            return replace(image, skipped=reason)
        return replace(image, layers=layers, model=model, device=device, backend=backend, skipped="", reason=reason)

    return run


def _adaptive(session: Session, models: Sequence[str], config: Config) -> AdaptiveSession:
    """The budget is the 99th percentile's: a stage that needs more than that for most frames is too slow."""
    from sonolucent.stream.stages.adaptive import AdaptiveSession, Steps

    budget = load_budgets(config.budget).stages["enhance"]
    return AdaptiveSession(session, models, Steps(len(models), budget.p99_ms))


def _settle() -> None:
    """Spares the garbage collector what is here to stay: going through all of it stops every frame for 0.1 s."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _threads(config: Config) -> int | None:
    """As many as suit the network where frames come at a pace, and find the beamformer at rest; otherwise half the
    cores, for the beamformer works all the while."""
    if config.enhance_threads is not None or not config.as_fast_as_possible:
        return config.enhance_threads
    return max(1, len(os.sched_getaffinity(0)) // 2)


def _image(frame: Frame) -> Image:
    if not isinstance(frame, Image):
        raise TypeError("enhance takes images")
    return frame
