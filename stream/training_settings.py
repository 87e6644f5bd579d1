"""How a run trains on its live stream."""

from __future__ import annotations

import msgspec

_LEAST_FRAMES, _LEAST_HELD_OUT = 10, 5
"""Fewer frames that judge could never agree on more than chance."""


class TrainingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a run with `train` gathers frames and trains (docs/how-to/train.md).

    Args:
        frames: of different tissue to gather; the last quarter of them judges what the training made of the others.
        steps: of the training.
        every_s: seconds between two frames that are looked at.
    """

    frames: int = 24
    steps: int = 300
    every_s: float = 1.0

    def __post_init__(self) -> None:
        if self.frames < _LEAST_FRAMES:
            raise ValueError(f"training.frames must be {_LEAST_FRAMES} at least, not {self.frames}")
        if self.steps < 1:
            raise ValueError(f"training.steps must be positive, not {self.steps}")
        if not self.every_s >= 0:
            raise ValueError(f"training.every_s must not be negative, not {self.every_s}")

    @property
    def n_held_out(self) -> int:
        """Frames that are not trained on."""
        return max(_LEAST_HELD_OUT, self.frames // 4)
