"""What is true of the run right now, in the page's words."""

from __future__ import annotations

import msgspec

from sonolucent.stream.control.requests import ControlAnswer
from sonolucent.stream.viewer.screen import Screen

SILENT_S = 1.25
"""Without a frame for so long, a stream is silent. The page says so a quarter of a second later at most."""
_STATE_S = 0.5


def next_state_s(silent_s: float) -> float:
    """Seconds to wait before the state is told again: half a second, or less where silence begins before."""
    until_silent_s = SILENT_S - silent_s
    return until_silent_s if 0 < until_silent_s < _STATE_S else _STATE_S


def state_of(screen: Screen, answer: ControlAnswer | None, *, described: bool, state: str | None = None) -> str:
    """The `state` message.

    Args:
        screen: tells how long no frame has come.
        answer: what the run said last of its replay, its recording and its training.
        described: whether there is a stream.
        state: where it is known already: "ended".
    """
    replay = None if answer is None else answer.replay
    # A replay that was told to wait is not silent, however long it waits.
    waits = replay is not None and replay.paused
    silent_s = 0.0 if waits else screen.silent_s
    if state is None:
        state = "waiting" if not described else "paused" if waits else "silent" if silent_s >= SILENT_S else "live"
    told = {
        "kind": "state",
        "state": state,
        "silent_s": round(silent_s, 3),
        "replay": replay,
        "recording": None if answer is None else answer.recording,
        "training": None if answer is None or answer.training is None else answer.training.said,
    }
    return msgspec.json.encode(told).decode()
