"""A light U-Net is taught to do what another enhancement does, whatever that is (Hinton, Vinyals and Dean 2015).

The student sees the teacher's input and predicts its output. It learns at the levels of other scenes as well, so what
is taught should not depend on the level, as enhancements in dB do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolucent.nn.crops import Grey, require_large
from sonolucent.nn.fit_loop import NetworkLearner, descend, fit, plan_of, seeded
from sonolucent.nn.image_methods import Fitting
from sonolucent.nn.images import BMode, normalized
from sonolucent.nn.model_folder import load_model
from sonolucent.nn.shipped_models import SHIPPED_MODELS
from sonolucent.nn.training.examples import level_shift_db
from sonolucent.nn.training.fused_norm import fuse_norms
from sonolucent.nn.training.recipes import cosine
from sonolucent.nn.unet import LightUNet

STEPS = 2400
_CROP, _BATCH = (224, 112), 4
_LEAST_PX = 32
_BEGINNING = SHIPPED_MODELS / "light-quadrant"
_SHADOWED_SHARE, _SHADOW_DB, _PENUMBRA_PX = 0.25, (-40.0, -10.0), 4.0
_SMOOTHNESS = 10.0
"""Weight of the differences between neighbours: by their levels alone, a student leaves fine grain where its teacher
leaves none."""


@dataclass(frozen=True)
class Lesson:
    """What a teacher was given, and what it made of that, (n_z, n_x) each, in dB."""

    given: BMode
    wanted: BMode


def taught(lessons: Sequence[Lesson], fitting: Fitting, dynamic_range_db: float) -> tuple[LightUNet, int]:
    """A student, in evaluation mode on the CPU, and how many steps it has learnt for; 2400 by default.

    Args:
        lessons: images in [-dynamic_range_db, 0] dB.
        fitting: how long, and with what.
        dynamic_range_db: the range that the student is fed.

    Raises:
        FitError: images are too small, or the checkpoint is of another fit.
    """
    learner = _Student(lessons, fitting, dynamic_range_db)
    images = [image for lesson in lessons for image in (lesson.given, lesson.wanted)]
    plan = plan_of(images, "student", dynamic_range_db, fitting.seed, learner.n_steps)
    n_done = fit(learner, "student", learner.n_steps, fitting, plan)
    student = LightUNet()
    student.load_state_dict(learner.network.state_dict())
    return student.eval(), n_done


def teaching_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute error, and that of the differences between neighbours, down and across."""
    down, across = (F.l1_loss(made.diff(dim=dim), wanted.diff(dim=dim)) for dim in (-2, -1))
    return F.l1_loss(made, wanted) + _SMOOTHNESS * (down + across)


def shadow_db(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """How much darker (n_z, n_x) is on one side of an edge somewhere, across or along it; the edge is soft."""
    axis, depth_db = int(rng.integers(2)), rng.uniform(*_SHADOW_DB)
    from_edge_px = (np.arange(shape[axis]) - rng.uniform(0, shape[axis])) * (1 if rng.random() < 0.5 else -1)
    profile_db = depth_db / (1 + np.exp(from_edge_px / _PENUMBRA_PX))
    return np.broadcast_to(profile_db[:, None] if axis == 0 else profile_db, shape)


class _Student(NetworkLearner):
    network: LightUNet

    def __init__(self, lessons: Sequence[Lesson], fitting: Fitting, dynamic_range_db: float) -> None:
        self.n_steps = STEPS if fitting.steps is None else fitting.steps
        self._range_db, self._device = dynamic_range_db, torch.device(fitting.device)
        self._pairs = [
            np.stack([normalized(image, dynamic_range_db) for image in (lesson.given, lesson.wanted)]).astype(
                np.float32
            )
            for lesson in lessons
        ]
        require_large([pair[0] for pair in self._pairs], _LEAST_PX)
        self._crop = [min(size, *(pair.shape[i + 1] for pair in self._pairs)) for i, size in enumerate(_CROP)]
        self.network = seeded(LightUNet, fitting.seed, fitting.device)
        self.network.load_state_dict(load_model(_BEGINNING).network.state_dict())
        if self._device.type == "cpu":
            fuse_norms(self.network)
        self.optimizer = torch.optim.Adam(self.network.parameters())

    def step(self, number: int, rng: np.random.Generator) -> float:
        self.optimizer.param_groups[0]["lr"] = cosine(number, self.n_steps)
        pairs = torch.from_numpy(np.stack([self._crop_of(rng) for _ in range(_BATCH)])).to(self._device)
        made = self.network(pairs[:, :1])
        return descend(self._range_db * teaching_loss(made, pairs[:, 1:]), self.optimizer)

    def _crop_of(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """(2, n_z, n_x): somewhere, mirrored or not, at another level, with a shadow or without."""
        pair: Grey = self._pairs[int(rng.integers(len(self._pairs)))]
        top, left = (int(rng.integers(n - size + 1)) for n, size in zip(pair.shape[1:], self._crop, strict=True))
        crop = pair[:, top : top + self._crop[0], left : left + self._crop[1]]
        crop = crop[:, :, ::-1] if rng.random() < 0.5 else crop
        shift_db = level_shift_db(rng) + (shadow_db(crop.shape[1:], rng) if rng.random() < _SHADOWED_SHARE else 0)
        return np.asarray((crop + shift_db / self._range_db).clip(0, 1), np.float32)
