"""What training on the live stream has come to."""

from __future__ import annotations

from typing import Literal

import msgspec

State = Literal["gathering", "gathered", "training", "trained", "swapped", "not swapped", "failed", "ended"]
ENDS: tuple[State, ...] = ("swapped", "not swapped", "failed", "ended")
"""Behind these nothing more comes."""


class LiveTraining(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far training on the live stream is, and what has come of it.

    Args:
        state: "gathering" frames, "gathered" all, "training" on them, "trained"; then "swapped" where the model of the
            run was changed, "not swapped" where it was not, "failed", or "ended" with the run.
        said: that in a sentence, with the reason.
        folder: where its frames and its model are.
        looked_at: frames.
        kept: of these, to train on and to judge by.
        wanted: how many are to be kept.
        left_out: the others, by reason.
        still: whether the last ones in a row all showed tissue that is there already.
        step, steps: how far the training is.
        began_with: the model that is fine-tuned.
        before_db, after_db: validation error on the frames held out, of that model and of what became of it.
        n_better, n_held_out: on how many of these frames the second one is better.
        better: whether that is more than chance.
        model: the folder of what became of it.
    """

    state: State = "gathering"
    said: str = ""
    folder: str = ""
    looked_at: int = 0
    kept: int = 0
    wanted: int = 0
    left_out: dict[str, int] = {}
    still: bool = False
    step: int = 0
    steps: int = 0
    began_with: str = ""
    before_db: float | None = None
    after_db: float | None = None
    n_better: int = 0
    n_held_out: int = 0
    better: bool = False
    model: str = ""


class BeginTraining(msgspec.Struct, frozen=True):
    """What the run tells the process that trains, when that has gathered its frames.

    Args:
        model: the folder of the model in use.
    """

    model: str
